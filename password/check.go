package password

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
)

// Rules says which passwords are acceptable. The zero Rules are those of NIST SP 800-63B-4; a field can only make
// them stricter.
type Rules struct {
	// MinAlone and MinWithSecondFactor are the least lengths; less than the constants of these names counts as those.
	MinAlone, MinWithSecondFactor int
	// Classes is how many of the four kinds of characters (lower case, upper case, digits, all others) a password
	// needs. NIST advises against it, and so asks nothing here; older policies want 3.
	Classes int
	// NotCurrent refuses the current password ([Context.Current]) when it is changed: a history of one (Entra). After
	// a reset there is none, and the last password may be taken again.
	NotCurrent bool
	// Banned holds the organization's own words.
	Banned *BlockList
}

// Context is what is known of the person, and of what the password is for. Words of four and more characters out of
// the names must not be in the password (ASVS 6.2.11).
type Context struct {
	// SecondFactor says that the password is only ever accepted together with another factor.
	SecondFactor bool
	// Current is the password that is to be replaced, if the person has just given it.
	Current secret.Text

	UserNames     []string
	DisplayName   string
	Emails        []string
	Organizations []string // names of the person's organization, and of its tenant
	Product       string   // the name under which the person knows the service
}

// Code says what is wrong with a password. It is stable, for programs and translations.
type Code string

// What can be wrong, in the order in which it is told.
const (
	Malformed        Code = "password-malformed"          // not valid UTF-8; nothing else is looked at
	TooLong          Code = "password-too-long"           // nothing else is looked at
	ControlCharacter Code = "password-control-character"  // a tab, a line break and the like
	TooShort         Code = "password-too-short"          // shorter than the rules ask for
	TooFewClasses    Code = "password-too-few-classes"    // of the kinds of characters that older rules ask for
	SameAsCurrent    Code = "password-same-as-current"    // it would not be changed
	ContainsUserName Code = "password-contains-user-name" // or a part of it, as with those that follow
	ContainsName     Code = "password-contains-name"
	ContainsEmail    Code = "password-contains-email"
	ContainsOrg      Code = "password-contains-organization"
	ContainsProduct  Code = "password-contains-product"
	Common           Code = "password-common"    // as a whole on a list, or nearly so
	Guessable        Code = "password-guessable" // fewer points than MinPoints; not told besides Common
	Breached         Code = "password-breached"  // a [BreachChecker] knows it; it is asked if nothing else is wrong
)

// Problem is one thing that is wrong with a password.
type Problem struct {
	Code Code `json:"code"`
	// Want is the number that Code speaks of: the most or fewest characters, the kinds of characters, the points. It
	// is 0 for the others.
	Want int `json:"want,omitempty"`
}

// String says in English what would be right. It never repeats anything of the password.
func (p Problem) String() string {
	n := strconv.Itoa(p.Want)
	switch p.Code {
	case Malformed:
		return "it is not valid text; type it again"
	case TooLong:
		return "use at most " + n + " characters"
	case ControlCharacter:
		return "leave out tabs, line breaks and other control characters"
	case TooShort:
		return "use at least " + n + " characters; some unrelated words are long and easy to remember"
	case TooFewClasses:
		return "use at least " + n + " of lower-case letters, upper-case letters, digits and other characters"
	case SameAsCurrent:
		return "choose one that is not the current password"
	case ContainsUserName:
		return "leave out your user name"
	case ContainsName:
		return "leave out your name"
	case ContainsEmail:
		return "leave out your e-mail address"
	case ContainsOrg:
		return "leave out the name of your organization"
	case ContainsProduct:
		return "leave out the name of this service"
	case Common:
		return "choose another: this one, or one very much like it, is among the first that are tried"
	case Breached:
		return "choose another: this one is known from a breach of some service, and is tried everywhere"
	case Guessable:
		return "it is made of common words and patterns; add unrelated words"
	}
	return string(p.Code)
}

// Unacceptable is the error for a password that the rules refuse. It is a [policy.Invalid] as well, for those who
// only ask whether input was malformed.
type Unacceptable struct {
	Problems []Problem // all of them, each once, in the order of the codes; never empty
}

// Error names all problems and nothing of the password.
func (u *Unacceptable) Error() string { return u.invalid().Error() }

// Unwrap gives the error as a [policy.Invalid].
func (u *Unacceptable) Unwrap() error { return u.invalid() }

func (u *Unacceptable) invalid() *policy.Invalid {
	texts := make([]string, len(u.Problems))
	for i, p := range u.Problems {
		texts[i] = p.String()
	}
	return &policy.Invalid{Field: "password", Problem: strings.Join(texts, "; ")}
}

// Check tells whether a password is acceptable: nil, or an [*Unacceptable] with all that is wrong with it. It does
// not hash, and calls nobody.
func (r Rules) Check(candidate secret.Text, c Context) error {
	form, no := normal(candidate.Reveal())
	if no != "" {
		return &Unacceptable{[]Problem{impossible(no)}}
	}
	var found []Problem
	add := func(wrong bool, code Code, want int) {
		if wrong {
			found = append(found, Problem{code, want})
		}
	}
	add(strings.ContainsFunc(candidate.Reveal(), unicode.IsControl), ControlCharacter, 0)
	least := r.minLength(c.SecondFactor)
	// The shorter of two forms: a ligature is one character that was typed, however many it is normalized to.
	length := min(utf8.RuneCountInString(norm.NFC.String(candidate.Reveal())), utf8.RuneCountInString(form))
	add(length < least, TooShort, least)
	kinds := min(r.Classes, 4)
	add(classes(form) < kinds, TooFewClasses, kinds)
	add(r.NotCurrent && same(form, c.Current), SameAsCurrent, 0)

	text := folded(form)
	word := substituted(text)
	add(containsAny(word, c.UserNames...), ContainsUserName, 0)
	add(containsAny(word, c.DisplayName), ContainsName, 0)
	add(containsAny(word, c.Emails...), ContainsEmail, 0)
	add(containsAny(word, c.Organizations...), ContainsOrg, 0)
	add(containsAny(word, c.Product), ContainsProduct, 0)
	isCommon := r.isCommon(word)
	add(isCommon, Common, 0)
	add(!isCommon && r.points(text, word) < MinPoints, Guessable, MinPoints)
	if found != nil {
		return &Unacceptable{found}
	}
	return nil
}

// impossible is the problem of what [normal] refuses.
func impossible(code Code) Problem {
	if code == TooLong {
		return Problem{code, MaxLength}
	}
	return Problem{Code: code}
}

func (r Rules) minLength(secondFactor bool) int {
	if secondFactor {
		return max(r.MinWithSecondFactor, MinWithSecondFactor)
	}
	return max(r.MinAlone, MinAlone)
}

// same reports whether form is a given password, normalized.
func same(form string, current secret.Text) bool {
	other, no := normal(current.Reveal())
	return no == "" && !current.Empty() && secret.NewText(form).Equal(secret.NewText(other))
}

// containsAny reports whether a password contains one of some names, or a word of one, if it has at least [MinTerm]
// characters. Of an address the last part of the domain is no word of its own.
func containsAny(word []rune, names ...string) bool {
	for _, name := range names {
		if local, domain, address := strings.Cut(name, "@"); address {
			domain = domain[:max(strings.LastIndexByte(domain, '.'), 0)]
			name = local + " " + domain
		}
		for _, part := range strings.FieldsFunc(name, unicode.IsSpace) {
			for _, p := range append(strings.FieldsFunc(part, betweenWords), part) {
				if w := normalized(p); len(w) >= MinTerm && contains(word, w) {
					return true
				}
			}
		}
	}
	return false
}

func betweenWords(r rune) bool { return !unicode.In(r, unicode.L, unicode.M, unicode.N) }
