package msgraph

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/policy"
)

// User is a person of the directory as Graph tells of them.
type User struct {
	At Position
	ID policy.AccountID // Graph's object id
	// UserPrincipalName is what the person signs in as, and Mail the address that the directory has for them. OtherMails
	// are further ones, of which it vouches for none.
	UserPrincipalName, Mail string
	OtherMails              []string
	// Kind is [policy.Guest] or, for a member, [policy.Work]; zero if the export left userType out.
	Kind policy.Kind
	// Enabled says whether the person may sign in, Synchronized whether the account is kept in a directory of the
	// organization's own, and is changed there alone. No says that it was, once.
	Enabled, Synchronized devices.Answer
	CreatedAt             time.Time
	// Profile has what Graph knows of one, and is empty elsewhere: neither a tenant nor a source, a time zone or a photo. Its
	// business phone is the first of BusinessPhones, its region the usage location, its manager that of Manager.
	Profile        account.Profile
	BusinessPhones []string
	// Manager is there if the export was made with $expand, and if it is a user: an organizational contact has no account.
	Manager Person
}

var userTypes = map[string]policy.Kind{"Member": policy.Work, "Guest": policy.Guest}

// maxListed is how many texts a list within a record may have.
const maxListed = 250

// Users reads the users of a stream, one at a time and with errors as [Devices] has them.
func Users(r io.Reader) iter.Seq2[User, error] {
	return each(r, (*scanner).values, func(o *object) User {
		o.kind(userType)
		u := User{At: o.Position, ID: policy.AccountID(o.needed("id"))}
		u.UserPrincipalName, u.Mail = o.label("userPrincipalName"), o.label("mail")
		u.OtherMails, u.BusinessPhones = o.labels("otherMails"), o.labels("businessPhones")
		u.Kind = choice(o, "userType", userTypes, 0)
		u.Enabled, u.Synchronized = o.answer("accountEnabled"), o.answer("onPremisesSyncEnabled")
		u.CreatedAt = o.moment("createdDateTime")
		u.Manager = o.manager("manager")
		u.Profile = account.Profile{
			Account: u.ID, DisplayName: o.label("displayName"), GivenName: o.label("givenName"), FamilyName: o.label("surname"),
			Title: o.label("jobTitle"), Department: o.label("department"), Office: o.label("officeLocation"), Manager: u.Manager.ID,
			MobilePhone: o.label("mobilePhone"), Language: o.label("preferredLanguage"), Region: o.label("usageLocation"),
		}
		for _, phone := range u.BusinessPhones[:min(1, len(u.BusinessPhones))] {
			u.Profile.BusinessPhone = phone
		}
		return u
	})
}

const (
	userType    = "microsoft.graph.user"
	contactType = "microsoft.graph.orgContact"
)

// person reads who stands there with no more than an id and names.
func (o *object) person() Person {
	o.kind(userType)
	return Person{At: o.Position, ID: policy.AccountID(o.needed("id")),
		DisplayName: o.label("displayName"), UserPrincipalName: o.label("userPrincipalName")}
}

// manager reads the person within a user; none if it is a contact.
func (o *object) manager(name string) (p Person) {
	raw := o.get(name)
	if raw == nil {
		return p
	}
	if raw[0] != '{' {
		o.refuse(name, "is not an object")
		return p
	}
	s := newScanner(bytes.NewReader(raw), func(part *object) bool {
		part.parent, part.path = o, name+"."
		part.check(part.problem)
		if strings.TrimPrefix(part.text("@odata.type"), "#") != contactType {
			p = part.person()
			p.At = o.Position
		}
		return true
	})
	if s.record(false) != nil { // it is JSON already, so only a reader in disagreement with the other would say so
		o.refuse(name, "holds no JSON")
	}
	return p
}

// labels reads a list of texts that people see.
func (o *object) labels(name string) (all []string) {
	raw := o.get(name)
	if raw == nil {
		return nil
	}
	var items []json.RawMessage
	if json.Unmarshal(raw, &items) != nil {
		o.refuse(name, "is not an array of strings")
		return nil
	}
	if len(items) > maxListed {
		o.refuse(name, fmt.Sprintf("are more than %d", maxListed))
		return nil
	}
	for i, item := range items {
		at := fmt.Sprintf("%s[%d]", name, i)
		part := &object{parent: o, members: map[string]member{at: {text: item}}}
		if part.get(at) == nil { // null
			o.refuse(name, "is not an array of strings")
			return nil
		}
		all = append(all, part.label(at))
	}
	return all
}
