package main

import (
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/password"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
	"github.com/seed4b20689c/myaccount/store"
)

//go:embed templates style.css icon.svg
var files embed.FS

// parsePages gives each page with the frame around it.
func parsePages() (map[string]*template.Template, error) {
	frame, err := template.New("").Funcs(words).ParseFS(files, "templates/layout.html", "templates/parts.html")
	if err != nil {
		return nil, err
	}
	names, err := fs.Glob(files, "templates/*.html")
	pages := make(map[string]*template.Template, len(names))
	for _, file := range names {
		name := strings.TrimSuffix(path.Base(file), ".html")
		if name == "layout" || name == "parts" {
			continue
		}
		page, err := template.Must(frame.Clone()).ParseFS(files, file)
		if err != nil {
			return nil, err
		}
		pages[name] = page
	}
	return pages, err
}

// asset serves a file that is the same for everybody.
func asset(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=300")
		http.ServeFileFS(w, r, files, name)
	}
}

// words are what the templates call.
var words = template.FuncMap{
	"tabs": tabs, "inside": inside, "path": pathTo, "button": newButton, "more": newMore,
	"needsProof": func(d policy.Decision) bool { return d.Reason().Class == policy.ClassProof },
	// A session that an unusual sign-in began may call it usual once it has a second factor.
	"secondFactorHelps": func(d policy.Decision) bool { return d.Reason().Code == signins.CodeThatSession },
	"ofKind": func(d policy.Decision) bool {
		c := d.Reason().Class
		return d.Allowed || c != 0 && c != policy.ClassAccountKind
	},
	"rfc3339":      func(t time.Time) string { return t.Format(time.RFC3339) },
	"day":          func(t time.Time) string { return strings.ReplaceAll(t.UTC().Format("2 Jan 2006"), " ", nbsp) },
	"clock":        func(t time.Time) string { return t.UTC().Format("15:04") + nbsp + "UTC" },
	"roomPath":     func(room string) string { return roomPaths[room] },
	"noticePath":   noticePath,
	"urgency":      func(u policy.Urgency) string { return urgencies[u] },
	"words":        func(name string) string { return strings.ReplaceAll(name, "-", " ") },
	"measure":      func(m signins.Measure) string { return measures[m] },
	"purpose":      func(p challenge.Purpose) string { return purposes[p] },
	"accesses":     func() []policy.Access { return []policy.Access{policy.Edit, policy.ReadOnly, policy.Off} },
	"areaMeaning":  func(a policy.Area) string { return areaMeanings[a] },
	"accessName":   func(a policy.Access) string { return accessNames[a] },
	"isSwitch":     func(s policy.Setting) bool { return s.Min == 0 && s.Max == 1 && !s.NoLimit },
	"inputType":    func(i account.Input) string { return or(inputTypes[i], "text") },
	"hint":         hint,
	"autocomplete": func(a account.Attribute) string { return autocompletes[a] },
}

const nbsp = "\u00a0" // where no line may break

// tab is a way to go, or a thing to do.
type tab struct{ Path, Label string }

var ownTabs = []tab{{"/", "Overview"}, {"/profile", "Profile"}, {"/password", "Password"}, {"/devices", "Devices"},
	{"/sign-ins", "Sign-ins"}, {"/sessions", "Sessions"}}

func tabs(me policy.Actor) []tab {
	if len(me.Roles) == 0 {
		return ownTabs
	}
	return append(ownTabs[:len(ownTabs):len(ownTabs)], tab{"/admin", "Administration"})
}

func inside(at, tab string) bool { return at == tab || tab != "/" && strings.HasPrefix(at, tab+"/") }

// pathTo makes an address of a path and ids, which may hold anything.
func pathTo(parts ...any) string {
	var b strings.Builder
	for i, part := range parts {
		text := fmt.Sprint(part)
		if i == 0 {
			b.WriteString(text)
			continue
		}
		b.WriteString("/" + url.PathEscape(text))
	}
	return b.String()
}

// button is something that may be done, or not and why.
type button struct {
	Label, Path, ID, Look string
	May                   policy.Decision
	About                 string
	Fields                []policy.Fact
}

func newButton(label string, may policy.Decision, to string) button {
	return button{Label: label, Path: to, May: may, ID: "why" + notInIDs.Replace(url.QueryEscape(to+" "+label))}
}

// notInIDs are what escaped text may have and ids of elements had better not.
var notInIDs = strings.NewReplacer("%", "-", "+", "-", ".", "-", "~", "-")

// On says for screen readers what the button is about, where a page has many with the same label.
func (b button) On(about any) button { b.About = fmt.Sprint(about); return b }

// Grave marks what cannot be undone.
func (b button) Grave() button { b.Look = "grave"; return b }

// With sends a field.
func (b button) With(name, value string) button {
	b.Fields = append(b.Fields[:len(b.Fields):len(b.Fields)], policy.Fact{Name: name, Value: value})
	return b
}

// more is the way to the next page of a list.
type more struct{ Next string }

func newMore(at *url.URL, next store.Cursor) more {
	q := at.Query()
	q.Del("done")
	q.Set("after", string(next))
	if next == "" {
		return more{}
	}
	return more{Next: "?" + q.Encode()}
}

// field is a field of a form.
type field struct {
	Name, Label, Type, Auto, Value, Mode string
	Wrong                                bool
}

// Field is a field of a form, marked if it is what was wrong.
func (s *screen) Field(name, label, kind, auto string) field {
	return field{Name: name, Label: label, Type: kind, Auto: auto, Wrong: s.IsWrong(name)}
}

// Filled has what the field was sent with.
func (f field) Filled(given url.Values) field { f.Value = given.Get(f.Name); return f }

// Digits asks for a keyboard of digits.
func (f field) Digits() field { f.Mode = "numeric"; return f }

// IsWrong tells whether a field is what was wrong.
func (s *screen) IsWrong(name any) bool {
	is := func(wrong *policy.Invalid) bool { return wrong.Field == fmt.Sprint(name) }
	return s.Wrong != nil && slices.ContainsFunc(s.Wrong.Invalid, is)
}

// Again is what a field was sent with, and what it has if it was not.
func (s *screen) Again(name string, has string) string {
	if s.Given.Has(name) {
		return s.Given.Get(name)
	}
	return has
}

// Ticked is whether a box was ticked when the form was sent.
func (s *screen) Ticked(name string, value any) bool {
	return slices.Contains(s.Given[name], fmt.Sprint(value))
}

var roomPaths = map[string]string{"account": "/profile", "devices": "/devices", "signins": "/sign-ins"}

func noticePath(n policy.Notice) string {
	switch n.Target.Kind {
	case "device":
		return pathTo("/devices", n.Target.ID)
	case "sign-in":
		return "/sign-ins?unusual=1"
	}
	switch n.Action { // none where it does not help
	case account.ChangePassword, account.SetFirstPassword, account.NewRecoveryCode:
		return "/password"
	}
	return ""
}

var urgencies = map[policy.Urgency]string{policy.Hint: "Hint", policy.Warning: "Warning", policy.Alarm: "Now"}

var measures = map[signins.Measure]string{
	signins.EndThatSession: "End the session of that sign-in", signins.EndAllSessions: "Sign you out everywhere",
	signins.UntrustDevice: "Mark the device as not recognized", signins.DisableDevice: "Disable the device",
	signins.RequirePasswordChange: "Ask for a new password", signins.NotifyPerson: "Send a notice to all of your addresses",
}

var purposes = map[challenge.Purpose]string{
	challenge.ChangeEmail: "Confirm a new e-mail address", challenge.CancelChange: "Your e-mail address is to be changed",
	challenge.StepUp: "Prove that it is you", challenge.SecondFactor: "Sign in", challenge.Reopen: "Reopen an account",
}

// labels are what forms say at the fields that can be wrong.
var labels = map[string]string{"identifier": "User name or e-mail address", "password": "New password", "again": "New password again",
	"new": "New e-mail address", "photo": "Photo", "days": "How long you can change your mind", "reason": "Why you close it", "contact": "Contact", "search": "Search"}

var accessNames = map[policy.Access]string{policy.Off: "Off", policy.ReadOnly: "Read only", policy.Edit: "Edit"}

var areaMeanings = map[policy.Area]string{
	devices.AreaDevices: "devices, and what may be done to them", devices.AreaKeys: "recovery keys; read only lists them",
	signins.AreaSessions: "where people are signed in, and ending that", signins.AreaActivity: "the log of sign-ins, and answers about them",
	signins.AreaHistory: "sign-ins of more than 7 days", signins.AreaRisk: "what is unusual about a sign-in",
	account.AreaAccount: "all of the account; each below is a part of it", account.AreaProfile: "profile, photo and addresses",
	account.AreaPassword: "changing the password", password.AreaProtection: "what locks passwords; for administrators alone",
	account.AreaRecovery: "the recovery code", account.AreaClosing: "closing an account",
}

var inputTypes = map[account.Input]string{account.PhoneInput: "tel", account.EmailInput: "email"}

var autocompletes = map[account.Attribute]string{account.DisplayName: "name", account.GivenName: "given-name", account.FamilyName: "family-name",
	account.MobilePhone: "tel", account.Title: "organization-title", account.Language: "language"}

// hint says what a field takes.
func hint(f account.Field) string {
	switch {
	case f.Pattern != "":
		return "As your organization writes it: " + f.Pattern
	case f.Input == account.LanguageInput:
		return "Such as en-GB"
	case f.Input == account.RegionInput:
		return "Two letters, such as GB"
	case f.Input == account.ZoneInput:
		return "Such as Europe/London"
	case f.Input == account.PhoneInput:
		return "Such as +44 20 7946 0123"
	}
	return ""
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
