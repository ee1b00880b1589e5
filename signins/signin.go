package signins

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/seed4b20689c/myaccount/internal/enum"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/store"
)

// ID names one attempt to sign in, unique within its account.
type ID string

// SignIn is one attempt to sign in, with all of its steps, as it is kept.
type SignIn struct {
	Tenant policy.TenantID `json:"tenant"`
	Record
	// Outcome is told from the record's code and steps when it is recorded.
	Outcome Outcome `json:"outcome"`

	Answer     Answer    `json:"answer,omitempty"`
	AnsweredAt time.Time `json:"answeredAt,omitzero"`

	Revision store.Revision `json:"revision"`
}

// Record is what is told about an attempt to sign in. Texts are cleaned ([policy.CleanText]) and cut to [MaxText]
// characters, since they come from whoever tried.
type Record struct {
	ID      ID               `json:"id"`
	Account policy.AccountID `json:"account"`
	At      time.Time        `json:"at"`

	Application string `json:"application,omitempty"` // such as "Office 365 Exchange Online"
	Resource    string `json:"resource,omitempty"`    // what the application asked to use
	ClientApp   string `json:"clientApp,omitempty"`   // the kind of app, such as "Browser" (Microsoft's clientAppUsed)
	Browser     string `json:"browser,omitempty"`     // such as "Edge 90.0.818"
	System      string `json:"system,omitempty"`      // such as "Windows 10"

	Address netip.Addr `json:"address,omitzero"`
	Place   Place      `json:"place,omitzero"`
	// Anonymized says that the address belongs to a network that hides where people are.
	Anonymized bool `json:"anonymized,omitempty"`

	Device     policy.DeviceID `json:"device,omitempty"` // if it is a registered one
	DeviceName string          `json:"deviceName,omitempty"`
	// Session is the one that it started (Started.Actor.Session). Without it, "This wasn't me" cannot end that very
	// session.
	Session policy.SessionID `json:"session,omitempty"`
	// Correlation is shared by records of one thing that the person did.
	Correlation string `json:"correlation,omitempty"`

	// Code is the error code, one of Microsoft Entra's (authentication and authorization error codes): 0 for a
	// success, 50126 for a wrong password, 500121 for a failed second factor, 50058 for an interruption. A code that
	// this library does not know is taken for a failure after the first factor.
	Code    int    `json:"code,omitempty"`
	Failure string `json:"failure,omitempty"` // what Code means, in words
	// Steps are the authentication steps, in their order, at most [MaxSteps].
	Steps []Step      `json:"steps,omitempty"`
	Risk  policy.Risk `json:"risk,omitempty"` // how risky the attempt was taken to be
}

// MaxSteps is how many authentication steps a record has at the most.
const MaxSteps = 32

// Step is one step of an authentication.
type Step struct {
	At     time.Time `json:"at,omitzero"`
	Method string    `json:"method"`           // such as "Password" or "Mobile app notification"
	Detail string    `json:"detail,omitempty"` // how it went, in words
	// Primary says that it was about the first factor.
	Primary   bool `json:"primary,omitempty"`
	Succeeded bool `json:"succeeded,omitempty"`
}

// Place is where an address is, approximately. The zero Place is unknown.
type Place struct {
	City   string `json:"city,omitempty"`
	Region string `json:"region,omitempty"`
	// Country is best an ISO 3166-1 alpha-2 code such as "DE". Whatever it is, all sources must write it alike: it
	// is compared as it is.
	Country string `json:"country,omitempty"`
	// Located says that Latitude and Longitude, in degrees, are known.
	Located   bool    `json:"located,omitempty"`
	Latitude  float64 `json:"latitude,omitempty"`
	Longitude float64 `json:"longitude,omitempty"`
}

// String is the place as people say it, such as "Berlin, DE"; empty if it is unknown.
func (p Place) String() string {
	switch {
	case p.City != "" && p.Country != "":
		return p.City + ", " + p.Country
	case p.City != "":
		return p.City
	case p.Region != "" && p.Country != "":
		return p.Region + ", " + p.Country
	}
	return p.Region + p.Country
}

// Check refuses coordinates that are nowhere, as [Record] and [NewSession] do; for whoever makes a [Locator].
func (p Place) Check() error {
	if p.Latitude >= -90 && p.Latitude <= 90 && p.Longitude >= -180 && p.Longitude <= 180 { // NaN is neither
		return nil
	}
	return &policy.Invalid{Field: "place", Problem: "has coordinates beyond 90 and 180 degrees"}
}

// Answer is what a person said about an unusual attempt.
type Answer uint8

// Answers.
const (
	Unanswered Answer = iota
	ThisWasMe
	ThisWasNotMe
)

var answerNames = enum.Names[Answer]{Unanswered: "unanswered", ThisWasMe: "this-was-me", ThisWasNotMe: "this-was-not-me"}

// String is the answer's name.
func (a Answer) String() string { return answerNames.Text(a) }

// Title is the answer as a person gives it; empty if there is none.
func (a Answer) Title() string {
	switch a {
	case ThisWasMe:
		return "This was me"
	case ThisWasNotMe:
		return "This wasn't me"
	}
	return ""
}

// MarshalText writes the answer's name.
func (a Answer) MarshalText() ([]byte, error) { return answerNames.Marshal(a) }

// UnmarshalText reads an answer's name.
func (a *Answer) UnmarshalText(b []byte) (err error) { *a, err = answerNames.Unmarshal(b); return err }

// Clone returns a copy that shares nothing with s.
func (s SignIn) Clone() SignIn {
	s.Steps = slices.Clone(s.Steps)
	return s
}

// check names the first thing of a record that may not be kept, and brings times and address into the form in
// which they are kept.
func (r *Record) check() error {
	if err := policy.CheckID("account", r.Account); err != nil {
		return err
	}
	return r.checkAll()
}

// checkAll is check of an attempt that may be nobody's.
func (r *Record) checkAll() error {
	if err := policy.CheckID("id", r.ID); err != nil {
		return err
	}
	for _, id := range []struct{ field, value string }{
		{"account", string(r.Account)}, {"device", string(r.Device)}, {"session", string(r.Session)}, {"correlation", r.Correlation},
	} {
		if id.value == "" {
			continue
		}
		if err := policy.CheckID(id.field, id.value); err != nil {
			return err
		}
	}
	r.At = store.Time(r.At)
	if err := policy.CheckTime("at", r.At); err != nil {
		return err
	}
	for _, t := range []*string{&r.Application, &r.Resource, &r.ClientApp, &r.Browser, &r.System, &r.DeviceName, &r.Failure,
		&r.Place.City, &r.Place.Region, &r.Place.Country} {
		*t = policy.CleanText(*t, MaxText) // nobody keeps an attempt out of the log by how they call their device
	}
	if err := r.Place.Check(); err != nil {
		return err
	}
	if r.Risk > policy.HiddenRisk {
		return &policy.Invalid{Field: "risk", Problem: "is none of none, low, medium, high and hidden"}
	}
	r.Address = r.Address.WithZone("").Unmap()
	if len(r.Steps) > MaxSteps {
		return &policy.Invalid{Field: "steps", Problem: fmt.Sprintf("has %d; want at most %d", len(r.Steps), MaxSteps)}
	}
	r.Steps = slices.Clone(r.Steps)
	for i := range r.Steps {
		s := &r.Steps[i]
		s.At = store.Time(s.At)
		if !s.At.IsZero() {
			if err := policy.CheckTime("steps.at", s.At); err != nil {
				return err
			}
		}
		s.Method, s.Detail = policy.CleanText(s.Method, MaxText), policy.CleanText(s.Detail, MaxText)
	}
	return nil
}
