package policy

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/seed4b20689c/myaccount/store"
)

// Decision is the answer to whether an actor may do something: yes, or why not and what helps. It is a
// small value, since every listed thing carries several. The zero Decision is a no.
type Decision struct {
	Action  Action
	Allowed bool
	// Contact is whom the tenant says to ask, if the remedy is to ask the administrator.
	Contact string

	reason *Reason // shared, so never handed out
}

// Refusal is a Decision that refuses, for rules of a host's own that answer as this library does.
func Refusal(a Action, r Reason, contact string) Decision {
	return Decision{Action: a, Contact: contact, reason: &r}
}

// Reason is why not: [Reason.None] if Allowed, or if nothing was decided.
func (d Decision) Reason() Reason {
	if d.Allowed || d.reason == nil {
		return Reason{}
	}
	return *d.reason
}

// Equal reports whether d and other say the same. Compare with it and not with ==.
func (d Decision) Equal(other Decision) bool {
	r, o := d.Reason(), other.Reason()
	sameTime := r.Until.Equal(o.Until)
	r.Until, o.Until = time.Time{}, time.Time{}
	return d.Action == other.Action && d.Allowed == other.Allowed && d.Contact == other.Contact && sameTime && r == o
}

// String is the decision in one line, for logs.
func (d Decision) String() string {
	if d.Allowed {
		return string(d.Action) + " allowed"
	}
	return fmt.Sprintf("%s refused (%s): %s", d.Action, d.Reason().Code, d.Message())
}

// Message is the English text of a refusal with whom to ask; empty if allowed.
func (d Decision) Message() string {
	r := d.Reason()
	switch {
	case d.Allowed:
		return ""
	case r.None():
		return "This was not decided."
	case r.Remedy == AskAdministrator && d.Contact != "":
		return r.Message() + " Contact " + strings.TrimSuffix(d.Contact, ".") + "."
	case r.Remedy == AskAdministrator:
		return r.Message() + " Contact your administrator."
	}
	return r.Message()
}

// decisionJSON is what a portal's browser side needs of a decision.
type decisionJSON struct {
	Action        Action `json:"action"`
	Allowed       bool   `json:"allowed"`
	Reason        Code   `json:"reason,omitempty"`
	Class         string `json:"class,omitempty"`
	Remedy        Remedy `json:"remedy,omitempty"`
	Message       string `json:"message,omitempty"`
	Key           string `json:"key,omitempty"`
	Contact       string `json:"contact,omitempty"`
	Area          string `json:"area,omitempty"`
	License       string `json:"license,omitempty"`
	Until         string `json:"until,omitempty"`
	Level         string `json:"level,omitempty"`
	MaxAgeSeconds int    `json:"maxAgeSeconds,omitempty"`
}

// MarshalJSON writes the decision with its message, key and parameters.
func (d Decision) MarshalJSON() ([]byte, error) {
	j := decisionJSON{Action: d.Action, Allowed: d.Allowed}
	if !d.Allowed {
		r := d.Reason()
		j.Reason, j.Class, j.Remedy, j.Message = r.Code, r.Class.String(), r.Remedy, d.Message()
		j.MaxAgeSeconds = int(r.MaxAge / time.Second)
		switch r.Class {
		case ClassLocked:
			j.Area = r.What
		case ClassNotLicensed:
			j.License = r.What
		}
		if r.Remedy == AskAdministrator {
			j.Contact = d.Contact
		}
		if !r.None() {
			j.Key = r.Key()
		}
		if !r.Until.IsZero() {
			j.Until = r.Until.Format(time.RFC3339)
		}
		if r.Level != AAL0 {
			j.Level = r.Level.String()
		}
	}
	return json.Marshal(j)
}

// Denied is the error that carries a refusal. With a reason of [ClassNotFound] it satisfies
// errors.Is(err, [store.ErrNotFound]).
type Denied struct {
	Decision
	// Preview and Confirm are set if all that is missing is a confirmation: show the one, send back
	// the other.
	Preview *Preview
	Confirm Confirmation
}

// Error names the action, the reason and what helps.
func (d *Denied) Error() string { return d.String() }

// Is makes a refusal because something was not found a [store.ErrNotFound].
func (d *Denied) Is(target error) bool {
	return target == store.ErrNotFound && d.Reason().Class == ClassNotFound
}

// Fact is one named value of a preview or an event. It is never a secret.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Preview is what a person is told before they say Yes, in words and as data.
type Preview struct {
	Action Action `json:"action"`
	Target Target `json:"target"`
	// Title asks the question.
	Title string `json:"title"`
	// Consequences are full sentences.
	Consequences []string `json:"consequences"`
	// Facts are the same as data.
	Facts []Fact `json:"facts,omitempty"`
}

// Confirmation is a person's Yes to a [Preview]: opaque text that travels through a form or JSON. It is
// consent and not authentication, so it is not signed; it is bound to actor, action, target and all
// that the preview showed. The empty Confirmation confirms nothing.
type Confirmation string

// confirmation is the Yes to p by a. It covers the preview's JSON, so that a change of anything shown
// makes another.
func confirmation(a *Actor, p Preview) (Confirmation, error) {
	shown, err := json.Marshal(struct {
		Tenant  TenantID
		By      Principal
		Preview Preview
	}{a.Tenant, a.Principal(), p})
	if err != nil {
		return "", fmt.Errorf("confirmation: %w", err)
	}
	sum := sha256.Sum256(shown)
	return Confirmation("yes." + base64.RawURLEncoding.EncodeToString(sum[:16])), nil
}

func (c Confirmation) equal(other Confirmation) bool {
	return subtle.ConstantTimeCompare([]byte(c), []byte(other)) == 1
}
