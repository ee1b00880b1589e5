package account

import (
	"fmt"
	"maps"
	"regexp"
	"regexp/syntax"
	"slices"
	"sync"
	"unicode/utf8"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// Schema says, for a tenant, who may see and change which attribute of a profile, and what its values look like. An
// attribute that it does not name is as [DefaultSchema] has it.
type Schema struct {
	Tenant   policy.TenantID             `json:"tenant"`
	Rules    map[Attribute]AttributeRule `json:"rules,omitempty"`
	Revision store.Revision              `json:"revision"`
}

// AttributeRule is what a schema says of one attribute. Its zero value shows it to no owner.
type AttributeRule struct {
	// Work, Personal and Guest say how far the attribute is open to the owner of such an account.
	Work     policy.Access `json:"work"`
	Personal policy.Access `json:"personal"`
	Guest    policy.Access `json:"guest"`
	// Required says that the attribute cannot be cleared.
	Required bool `json:"required,omitempty"`
	// Longest is the most code points of a value; 0 for as many as the attribute may have at all, and never more than
	// that.
	Longest int `json:"longest,omitempty"`
	// Pattern is a regular expression (RE2) that the whole value must match; empty for none. At most [MaxPattern] bytes, and
	// not too large once its repetitions are written out. Whether any value can match it is for the tenant to try.
	Pattern string `json:"pattern,omitempty"`
}

// MaxPattern bounds a pattern, in bytes.
const MaxPattern = 256

// Clone returns a copy that shares nothing with s.
func (s Schema) Clone() Schema {
	s.Rules = maps.Clone(s.Rules)
	return s
}

// DefaultSchema is what holds for a tenant that set nothing: a work profile and a guest's are the organization's and
// read-only but for language, region and time zone (S4); a personal one is the person's own (S5).
func DefaultSchema() Schema {
	rules := make(map[Attribute]AttributeRule, len(attributes))
	for a := range schemaAttributes {
		rules[a.name] = a.byDefault()
	}
	return Schema{Rules: rules}
}

// EntraDefaults is [DefaultSchema] with what Microsoft Entra lets members of an organization change besides: their photo
// and their mobile phone (Entra: default user permissions). Who may send photos may make the host decode them; what one costs,
// and how many there may be, is told at [Service.SetPhoto].
func EntraDefaults() Schema {
	s := DefaultSchema()
	for _, name := range []Attribute{Photo, MobilePhone} {
		r := s.Rules[name]
		r.Work = policy.Edit
		s.Rules[name] = r
	}
	return s
}

// rule is what holds for an attribute.
func (s Schema) rule(a *attribute) AttributeRule {
	if r, ok := s.Rules[a.name]; ok {
		return r
	}
	return a.byDefault()
}

// byDefault is what holds for an attribute of which nothing was said.
func (a *attribute) byDefault() AttributeRule {
	return AttributeRule{Work: a.work, Guest: a.work, Personal: a.personal, Required: a.required}
}

// open says how far an attribute is open to the owner of an account of a kind.
func (r AttributeRule) open(kind policy.Kind) policy.Access {
	switch kind {
	case policy.Work:
		return r.Work
	case policy.Personal:
		return r.Personal
	case policy.Guest:
		return r.Guest
	}
	return policy.Off
}

func (s Schema) check() error {
	for _, name := range slices.Sorted(maps.Keys(s.Rules)) {
		r, a := s.Rules[name], known(name)
		field := "rules." + shown(name)
		if a == nil {
			return &policy.Invalid{Field: field, Problem: "is no attribute of a profile"}
		}
		if err := a.takes(r, field); err != nil {
			return err
		}
		if r.Longest < 0 || r.Longest > a.longest {
			return &policy.Invalid{Field: field + ".longest", Problem: fmt.Sprintf("is %d; want 0 for the most there is, or 1 to %d", r.Longest, a.longest)}
		}
		for _, open := range []policy.Access{r.Work, r.Personal, r.Guest} {
			if open > policy.Edit {
				return &policy.Invalid{Field: field, Problem: "is open in none of the ways Off, ReadOnly and Edit"}
			}
		}
		if r.Pattern == "" {
			continue
		}
		if len(r.Pattern) > MaxPattern || !utf8.ValidString(r.Pattern) {
			return &policy.Invalid{Field: field + ".pattern", Problem: fmt.Sprintf("want at most %d bytes of UTF-8", MaxPattern)}
		}
		if err := checkPattern(r.Pattern); err != nil {
			return &policy.Invalid{Field: field + ".pattern", Problem: err.Error()}
		}
	}
	return nil
}

// takes tells whether a rule could have any effect: what an update does not set, it does not hold against a schema.
func (a *attribute) takes(r AttributeRule, field string) error {
	const idle = "would have no effect: an update does not set it"
	switch {
	case a.input != FileInput && a.input != EmailInput:
		return nil
	case r.Required:
		return &policy.Invalid{Field: field + ".required", Problem: idle}
	case r.Longest != 0:
		return &policy.Invalid{Field: field + ".longest", Problem: idle}
	case r.Pattern != "":
		return &policy.Invalid{Field: field + ".pattern", Problem: idle}
	}
	return nil
}

// shown is an attribute's name as whoever gave it may be shown it: it may be anything.
func shown(name Attribute) string { return policy.CleanText(string(name), maxShown) }

const maxShown = 64

// maxProgram bounds a pattern in the instructions that it compiles to: a few bytes of repetitions make tens of thousands,
// and each character of a value is held against all of them.
const maxProgram = 1000

// checkPattern tells whether a schema may have a pattern.
func checkPattern(pattern string) error {
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return err
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return err
	}
	if n := len(program.Inst); n > maxProgram {
		return fmt.Errorf("is %d steps with its repetitions written out; want at most %d", n, maxProgram)
	}
	_, err = compile(pattern) // what is right alone may not be in a group, as \Qa
	return err
}

// patterns are those that were compiled lately, by their text.
type patterns struct {
	mu       sync.Mutex
	compiled map[string]*regexp.Regexp
}

// maxPatterns bounds how many compiled patterns are kept.
const maxPatterns = 64

func (p *patterns) match(q match) (bool, error) {
	p.mu.Lock()
	re := p.compiled[q.pattern]
	p.mu.Unlock()
	if re == nil {
		var err error
		if re, err = compile(q.pattern); err != nil {
			return false, err // a store's schema that Admin.SetSchema would have refused
		}
		p.keep(q.pattern, re)
	}
	return re.MatchString(q.value), nil
}

func (p *patterns) keep(pattern string, re *regexp.Regexp) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.compiled == nil {
		p.compiled = make(map[string]*regexp.Regexp)
	}
	for old := range p.compiled {
		if len(p.compiled) < maxPatterns {
			break
		}
		delete(p.compiled, old)
	}
	p.compiled[pattern] = re
}

// match asks whether a value matches a pattern.
type match struct{ pattern, value string }

// compile makes a pattern match whole values only.
func compile(pattern string) (*regexp.Regexp, error) {
	if _, err := regexp.Compile(pattern); err != nil { // or else "a)(b" would come out of its group
		return nil, err
	}
	return regexp.Compile(`^(?:` + pattern + `)$`)
}
