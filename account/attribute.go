package account

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/language"

	"github.com/seed4b20689c/myaccount/policy"
)

// Attribute names one thing that a profile tells about a person.
type Attribute string

// The attributes, in the order in which a profile shows them.
const (
	Photo         Attribute = "photo" // set by [Service.SetPhoto], not by an update
	DisplayName   Attribute = "display-name"
	GivenName     Attribute = "given-name"
	FamilyName    Attribute = "family-name"
	Title         Attribute = "title"
	Department    Attribute = "department"
	Office        Attribute = "office"
	Manager       Attribute = "manager" // an account of the same tenant
	MobilePhone   Attribute = "mobile-phone"
	BusinessPhone Attribute = "business-phone"
	Language      Attribute = "language" // BCP 47, such as "de-CH"
	Region        Attribute = "region"   // whose formats are used: ISO 3166, such as "CH"
	// EmailAddress is all of a person's addresses, changed by [Service.ChangeEmail] and not by an update.
	EmailAddress Attribute = "e-mail"
	TimeZone     Attribute = "time-zone" // of the IANA database, such as "Europe/Zurich"
)

// Input is how a form asks for an attribute.
type Input string

// Inputs, as HTML forms have them; the last three take a name of a standard (see the attributes), which a form asks for as text
// or as a choice from the names that it knows, such as [TimeZones].
const (
	FileInput     Input = "file"
	TextInput     Input = "text"
	EmailInput    Input = "email"
	PhoneInput    Input = "tel"
	AccountInput  Input = "account"
	LanguageInput Input = "language"
	RegionInput   Input = "region"
	ZoneInput     Input = "time-zone"
)

// attribute is all that is known of an [Attribute].
type attribute struct {
	name    Attribute
	label   string // English default
	input   Input
	longest int // code points (Graph: user resource type), never more
	// required says that it cannot be cleared, whatever the schema says.
	required bool
	// synced says that it is the directory's where an account is synchronized from one. Usage location and
	// language stay the cloud's (Entra: manage user profile info).
	synced bool
	// work is what the owner of a work account may; of a personal one, what their own is. A guest's profile is as a
	// work account's.
	work, personal policy.Access
	// text is where a profile has it. That of the photo tells one photo from the next.
	text func(*Profile) *string
	// tidy gives the one way of writing a value that is not empty, or the error that says what would be right.
	tidy func(string) (string, error)

	off, readOnly *policy.Reason // the reasons against seeing and changing it, made once: each profile that is read has some
}

func (a attribute) withReasons() attribute {
	a.off, a.readOnly = about(attributeOff, a.label), about(attributeReadOnly, a.label)
	return a
}

// attributes lists them all. A work profile is the organization's and read-only (S4); what only helps to show the pages
// is the person's. A personal profile is the person's own (S5), and tells of no organization.
var attributes = explained([]attribute{
	{name: Photo, label: "Photo", input: FileInput, work: policy.ReadOnly, personal: policy.Edit,
		text: func(p *Profile) *string { return &p.Photo }},
	{name: DisplayName, label: "Display name", input: TextInput, longest: 256, required: true, synced: true, work: policy.ReadOnly, personal: policy.Edit,
		text: func(p *Profile) *string { return &p.DisplayName }},
	{name: GivenName, label: "First name", input: TextInput, longest: 64, synced: true, work: policy.ReadOnly, personal: policy.Edit,
		text: func(p *Profile) *string { return &p.GivenName }},
	{name: FamilyName, label: "Last name", input: TextInput, longest: 64, synced: true, work: policy.ReadOnly, personal: policy.Edit,
		text: func(p *Profile) *string { return &p.FamilyName }},
	{name: Title, label: "Job title", input: TextInput, longest: 128, synced: true, work: policy.ReadOnly,
		text: func(p *Profile) *string { return &p.Title }},
	{name: Department, label: "Department", input: TextInput, longest: 64, synced: true, work: policy.ReadOnly,
		text: func(p *Profile) *string { return &p.Department }},
	{name: Office, label: "Office", input: TextInput, longest: 128, synced: true, work: policy.ReadOnly,
		text: func(p *Profile) *string { return &p.Office }},
	{name: Manager, label: "Manager", input: AccountInput, longest: policy.MaxID, synced: true, work: policy.ReadOnly, tidy: tidyAccount,
		text: func(p *Profile) *string { return (*string)(&p.Manager) }},
	{name: MobilePhone, label: "Mobile phone", input: PhoneInput, longest: 64, synced: true, work: policy.ReadOnly, personal: policy.Edit, tidy: tidyPhone,
		text: func(p *Profile) *string { return &p.MobilePhone }},
	{name: BusinessPhone, label: "Office phone", input: PhoneInput, longest: 64, synced: true, work: policy.ReadOnly, tidy: tidyPhone,
		text: func(p *Profile) *string { return &p.BusinessPhone }},
	{name: Language, label: "Display language", input: LanguageInput, longest: 35, work: policy.Edit, personal: policy.Edit, tidy: tidyLanguage,
		text: func(p *Profile) *string { return &p.Language }},
	{name: Region, label: "Regional format", input: RegionInput, longest: 3, work: policy.Edit, personal: policy.Edit, tidy: tidyRegion,
		text: func(p *Profile) *string { return &p.Region }},
	{name: TimeZone, label: "Time zone", input: ZoneInput, longest: 64, work: policy.Edit, personal: policy.Edit, tidy: tidyZone,
		text: func(p *Profile) *string { return &p.TimeZone }},
})

func explained(all []attribute) []attribute {
	for i, a := range all {
		all[i] = a.withReasons()
	}
	return all
}

// emails are a person's addresses. A schema opens them as any attribute, and rows of their own have them ([Identifier]). Those of
// a work account are the organization's.
var emails = attribute{name: EmailAddress, label: "E-mail", input: EmailInput, longest: maxAddress, synced: true, work: policy.ReadOnly, personal: policy.Edit}.withReasons()

func known(name Attribute) *attribute {
	for a := range schemaAttributes {
		if a.name == name {
			return a
		}
	}
	return nil
}

// schemaAttributes are all that a schema knows: those of a [Profile], and the addresses.
func schemaAttributes(yield func(*attribute) bool) {
	for i := range attributes {
		if !yield(&attributes[i]) {
			return
		}
	}
	yield(&emails)
}

// check tidies a new value and holds it against what is true of it everywhere and, but for its pattern, what a tenant asks
// besides.
func (a *attribute) check(value string, rule AttributeRule) (string, error) {
	value, err := a.tidied(value)
	if err != nil {
		return "", err
	}
	return value, a.suits(value, rule)
}

// tidied gives the one way of writing a value, empty for what shows nothing.
func (a *attribute) tidied(value string) (string, error) {
	value = strings.TrimSpace(value)
	if err := policy.CheckText(string(a.name), value, a.longest); err != nil {
		return "", err
	}
	if !visible(value) {
		return "", nil
	}
	if a.tidy != nil {
		tidied, err := a.tidy(value)
		if err != nil {
			return "", &policy.Invalid{Field: string(a.name), Problem: err.Error()}
		}
		value = tidied
	}
	return value, nil
}

// suits holds a tidied value against what a tenant asks, but for its pattern.
func (a *attribute) suits(value string, rule AttributeRule) error {
	if value == "" && (a.required || rule.Required) {
		return &policy.Invalid{Field: string(a.name), Problem: "is empty; it is needed"}
	}
	if rule.Longest == 0 {
		return nil
	}
	return policy.CheckText(string(a.name), value, rule.Longest)
}

// visible reports whether a text shows anything: one of fillers, joiners, tags and marks alone looks as an empty one does.
func visible(value string) bool {
	return strings.ContainsFunc(value, func(r rune) bool {
		return r != brailleBlank && !unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) &&
			unicode.In(r, unicode.L, unicode.N, unicode.P, unicode.S, unicode.Co)
	})
}

// brailleBlank is the one symbol that is a space.
const brailleBlank = '\u2800'

func tidyAccount(value string) (string, error) { return value, policy.CheckID("account", value) }

// minDigits is fewer than any subscriber number of a public network has.
const minDigits = 3

func tidyPhone(value string) (string, error) {
	number, extension, extended := strings.Cut(value, "x")
	digits := 0
	for i, r := range number {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case r == '+' && i == 0, strings.ContainsRune(" -./()", r):
		default:
			return "", fmt.Errorf("has %q; want a phone number such as +49 30 123456, with x before an extension", r)
		}
	}
	if digits < minDigits {
		return "", fmt.Errorf("has %d digits; want a phone number such as +49 30 123456", digits)
	}
	if extension = strings.TrimSpace(extension); extended && (extension == "" || strings.Trim(extension, "0123456789") != "") {
		return "", fmt.Errorf("has no extension after the x; want digits, as in +49 30 123456 x7")
	}
	return value, nil
}

func tidyLanguage(value string) (string, error) {
	tag, err := language.Parse(value)
	base, _, _ := tag.Raw() // as it was written: "und-DE" is of a place and not of a language, "x-private" of neither
	if err != nil || base.String() == undetermined {
		return "", fmt.Errorf("is no language; want a BCP 47 tag such as en-GB")
	}
	return tag.String(), nil
}

// undetermined is ISO 639's code for a language that nobody knows.
const undetermined = "und"

func tidyRegion(value string) (string, error) {
	region, err := language.ParseRegion(value)
	if err != nil || !region.IsCountry() {
		return "", fmt.Errorf("is no country; want its two letters of ISO 3166, such as GB")
	}
	return region.Canonicalize().String(), nil
}

func tidyZone(value string) (string, error) {
	if _, found := slices.BinarySearch(zones, value); !found {
		return "", fmt.Errorf("is no time zone; want a name of the IANA database such as Europe/London")
	}
	return value, nil
}
