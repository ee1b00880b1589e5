package account

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// Profile is what an account's person is like, as the others of their organization know them. How to reach them for
// proving who they are stands elsewhere, and is shown to nobody else (Entra: authentication contact info).
type Profile struct {
	Tenant  policy.TenantID  `json:"tenant"`
	Account policy.AccountID `json:"account"`

	DisplayName   string           `json:"displayName,omitempty"`
	GivenName     string           `json:"givenName,omitempty"`
	FamilyName    string           `json:"familyName,omitempty"`
	Title         string           `json:"title,omitempty"`
	Department    string           `json:"department,omitempty"`
	Office        string           `json:"office,omitempty"`
	Manager       policy.AccountID `json:"manager,omitempty"`
	MobilePhone   string           `json:"mobilePhone,omitempty"`
	BusinessPhone string           `json:"businessPhone,omitempty"`
	Language      string           `json:"language,omitempty"`
	Region        string           `json:"region,omitempty"`
	TimeZone      string           `json:"timeZone,omitempty"`

	// Photo tells one photo from the next; empty if there is none. See [Portrait].
	Photo string `json:"photo,omitempty"`

	// Source names the directory that the account is synchronized from, such as "Active Directory"; empty if it is at home
	// here. What is the directory's can be changed there alone, by administrators too.
	Source   string         `json:"source,omitempty"`
	Revision store.Revision `json:"revision"`
}

// ProfileView is a profile as its owner sees it: a form can be made of it.
type ProfileView struct {
	Account policy.AccountID `json:"account"`
	Kind    policy.Kind      `json:"kind"`
	// Source names the directory that the account is synchronized from; empty if it is at home here.
	Source string `json:"source,omitempty"`
	// Revision is what an update of what was shown here names.
	Revision store.Revision `json:"revision"`
	// Fields are the attributes that are shown at all, in their order.
	Fields []Field `json:"fields,omitempty"`
	// UserNames are what the person signs in as besides their addresses, the primary one first.
	UserNames []string `json:"userNames,omitempty"`
	// Emails are the person's addresses, the primary one first; none if the organization does not show them. Whether who has
	// none may prove a first one says [Service.Can] about [ChangeEmail].
	Emails []EmailView `json:"emails,omitempty"`
	// Pending are the changes of an address whose new one is not proven yet, as long as the session that asked goes on and
	// the old address is what it was.
	Pending []PendingEmail `json:"pending,omitempty"`
}

// EmailView is one of a person's addresses.
type EmailView struct {
	Address string `json:"address"`
	Primary bool   `json:"primary,omitempty"`
	Proven  bool   `json:"proven,omitempty"` // that it is the person's
	// Edit says whether it may be changed, and why not.
	Edit policy.Decision `json:"edit"`
}

// PendingEmail is a change of an address whose new one is not proven yet.
type PendingEmail struct {
	ID    challenge.ID `json:"id"`            // for [Service.ConfirmEmail], [Service.ResendEmailCode] and [Service.DropEmailChange]
	Old   string       `json:"old,omitempty"` // none if the new one is the first
	New   string       `json:"new"`
	Until time.Time    `json:"until"`
	// Here says that the present session asked: only there the code is taken.
	Here bool `json:"here,omitempty"`
}

// Field is one attribute of a profile, with what a form needs to ask for it.
type Field struct {
	Attribute Attribute `json:"attribute"`
	Label     string    `json:"label"` // English; translate it by the attribute
	Input     Input     `json:"input"`
	Value     string    `json:"value"`
	// Shown is the value in words: the manager's name where Value is their account, and the person cannot name another.
	Shown string `json:"shown,omitempty"`
	// Required, Longest (in code points) and Pattern (RE2, for the whole value) say what an update accepts.
	Required bool   `json:"required"`
	Longest  int    `json:"longest"`
	Pattern  string `json:"pattern,omitempty"`
	// Edit says whether it may be changed, and why not.
	Edit policy.Decision `json:"edit"`
}

// Field gives one attribute's field, or none if it is not shown.
func (v ProfileView) Field(name Attribute) (Field, bool) {
	for _, f := range v.Fields {
		if f.Attribute == name {
			return f, true
		}
	}
	return Field{}, false
}

// ProfileUpdate changes attributes of a profile.
type ProfileUpdate struct {
	// Revision is the one of the view that the person saw: if the profile has changed since, the update is refused with
	// [store.ErrConflict]. Zero changes whatever is there now.
	Revision store.Revision
	// Set has the new values; an empty one clears. What is not named stays. A value that is the present one is accepted
	// even where it may not be changed, so that a form can send all that it showed; what is not shown may not be named.
	Set map[Attribute]string
}

func (u ProfileUpdate) check() error {
	for _, name := range slices.Sorted(maps.Keys(u.Set)) {
		switch a := known(name); {
		case a == nil:
			return &policy.Invalid{Field: shown(name), Problem: "is no attribute of a profile"}
		case a.input == EmailInput:
			return &policy.Invalid{Field: string(name), Problem: "is not set by an update; see ChangeEmail"}
		case a.input == FileInput:
			return &policy.Invalid{Field: string(name), Problem: "is not set by an update; see SetPhoto"}
		}
	}
	return nil
}

// proposed is a new value of an attribute, as it was given and as it would be written, or what is wrong with it.
type proposed struct {
	*attribute
	given, tidied string
	wrong         error
}

// proposals are the update's values in the order of the attributes, tidied once and before any transaction.
func (u ProfileUpdate) proposals() []proposed {
	all := make([]proposed, 0, len(u.Set))
	for i := range attributes {
		a := &attributes[i]
		if value, ok := u.Set[a.name]; ok {
			p := proposed{attribute: a, given: strings.TrimSpace(value)}
			p.tidied, p.wrong = a.tidied(p.given)
			all = append(all, p)
		}
	}
	return all
}
