// Package docgen makes the generated parts of the documentation: the tables of rules and the list of the
// public API. The command internal/gen writes them; a test of the root package keeps them current.
package docgen

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/password"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
)

// rooms lists the packages that have rules or settings.
var rooms = []struct {
	dir      string
	rules    []policy.Rule
	areas    []policy.Area
	settings []policy.Setting
}{
	{"policy", policy.Rules(), nil, policy.OwnSettings()},
	{"account", account.Rules(), account.Areas(), account.Settings()},
	{"password", nil, nil, password.Settings()},
	{"devices", devices.Rules(), devices.Areas(), devices.Settings()},
	{"signins", signins.Rules(), signins.Areas(), signins.Settings()},
}

// Files gives the wanted content of every generated file under root, by path relative to it.
func Files(root string) (map[string]string, error) {
	files := map[string]string{"docs/rules.md": rulesPage()}
	for _, room := range rooms {
		path := filepath.ToSlash(filepath.Join(room.dir, "doc.go"))
		doc, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			return nil, err
		}
		if len(room.rules) == 0 { // ground with settings alone
			continue
		}
		if files[path], err = withTable(string(doc), room.rules); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	api, err := API(root)
	if err != nil {
		return nil, err
	}
	files["api.txt"] = api
	return files, nil
}

const marker = "// # Rules\n"

// withTable puts a room's table of rules at the end of its package comment.
func withTable(doc string, rules []policy.Rule) (string, error) {
	clause := strings.LastIndex(doc, "\npackage ") + 1
	if clause == 0 {
		return "", fmt.Errorf("no package clause")
	}
	head, tail := doc[:clause], doc[clause:]
	if at := strings.Index(head, marker); at >= 0 {
		head = head[:at]
	} else {
		head += "//\n"
	}
	var b strings.Builder
	b.WriteString(head + marker + "//\n// Generated from the rules themselves; docs/rules.md has their sources.\n//\n")
	for _, r := range rules {
		fmt.Fprintf(&b, "//\t%s\n//\t    %s\n", r.Action, r.Says)
		for _, l := range []string{"by " + by(r), conditions(r), prefixed("refused if: ", states(r)), prefixed("event: ", event(r))} {
			if l != "" {
				fmt.Fprintf(&b, "//\t    %s\n", l)
			}
		}
	}
	return b.String() + tail, nil
}

func rulesPage() string {
	var b strings.Builder
	b.WriteString(`# Rules

Generated from the rules themselves by ` + "`go generate`" + `; a test keeps it current. Obstacles are judged in the
order of the columns from left to right, after the actor was admitted (account active, session alive, device
enabled) and the target found. "S1" to "S5" in the sources are the product's seed documents: 1 devices page,
2 My Account overview, 3 My Profile, 4 My Apps profile, 5 the portal for personal and work accounts.
`)
	for _, room := range rooms {
		fmt.Fprintf(&b, "\n## %s\n", room.dir)
		if len(room.rules) > 0 {
			b.WriteString("\n| action | what it does | by | kinds | area | refused if | limit | proof | confirm | event | source |\n|---|---|---|---|---|---|---|---|---|---|---|\n")
		}
		for _, r := range room.rules {
			cells := []string{"`" + string(r.Action) + "`", r.Says, by(r), kinds(r), area(r), states(r), limit(r), proof(r), yes(r.Confirm), event(r), r.Source}
			fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | "))
		}
		if len(room.areas) > 0 {
			b.WriteString("\nAreas that an administrator can set to Off, ReadOnly or Edit:")
			for _, a := range room.areas {
				fmt.Fprintf(&b, " `%s`", a)
			}
			b.WriteString("\n")
		}
		if len(room.settings) > 0 {
			b.WriteString("\n| setting | what | default | least | most |\n|---|---|---|---|---|\n")
			for _, s := range room.settings {
				most := strconv.Itoa(s.Max)
				if s.NoLimit {
					most += " or unlimited"
				}
				what := s.What
				if s.Area != "" {
					what += fmt.Sprintf(" (needs the licences of `%s`)", s.Area)
				}
				fmt.Fprintf(&b, "| `%s` | %s | %d | %d | %s |\n", s.Name, what, s.Default, s.Min, most)
			}
		}
	}
	b.WriteString(codes())
	return b.String()
}

// codes is the table of what codes are sent for.
func codes() string {
	var b strings.Builder
	b.WriteString(`
## challenge

Codes and links that rooms send, each good once. Wrong answers are counted by account and method: from the fifth in a
row on each has to wait, from the tenth a day, from the hundredth for an administrator. Five end the challenge.

| purpose | method | digits | lives | proves | survives changed credentials | source |
|---|---|---|---|---|---|---|
`)
	for _, k := range challenge.Kinds() {
		digits, proves := strconv.Itoa(k.Digits), "the target only"
		if k.Digits == 0 {
			digits = "256 bits"
		}
		if k.Factor != 0 {
			proves = k.Factor.String()
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s |\n", k.Purpose, k.Method, digits, short(k.Lifetime), proves, yes(k.Survives), k.Source)
	}
	return b.String()
}

func by(r policy.Rule) string {
	var who []string
	if r.By&policy.ByPerson != 0 {
		who = append(who, "the account's owner")
	}
	if r.By&policy.ByRole != 0 {
		roles := make([]string, len(r.Roles))
		for i, role := range r.Roles {
			roles[i] = string(role)
		}
		who = append(who, strings.Join(roles, ", "))
	}
	if r.By&policy.ByHost != 0 {
		who = append(who, "the host")
	}
	if r.By&policy.BySystem != 0 {
		who = append(who, "the system")
	}
	return strings.Join(who, "; ")
}

func kinds(r policy.Rule) string {
	if r.By&policy.ByPerson == 0 {
		return ""
	}
	var names []string
	for _, k := range []policy.Kind{policy.Work, policy.Personal, policy.Guest} {
		if r.Kinds&k != 0 {
			names = append(names, k.String())
		}
	}
	return strings.Join(names, ", ")
}

func area(r policy.Rule) string {
	if r.Area == "" {
		return ""
	}
	return fmt.Sprintf("`%s` %s", r.Area, r.Access)
}

func states(r policy.Rule) string {
	var all []string
	for _, s := range []struct {
		holds bool
		words string
	}{
		{r.States != "", r.States},
		{r.Settled && r.Demand == policy.MeetsDemand, "restricted, unless a new password is demanded"},
		{r.Settled && r.Demand != policy.MeetsDemand, "restricted"},
		{r.By&(policy.ByPerson|policy.ByRole) != 0 && r.Waits(), "a new password demanded"},
	} {
		if s.holds {
			all = append(all, s.words)
		}
	}
	return strings.Join(all, "; ")
}

func limit(r policy.Rule) string {
	if r.Limit.Per == 0 {
		return ""
	}
	return fmt.Sprintf("%d in %s", r.Limit.Times.Default, short(r.Limit.Per))
}

func proof(r policy.Rule) string {
	switch {
	case r.Level == policy.AAL0:
		return ""
	case r.MaxAge == 0:
		return r.Level.String()
	}
	return fmt.Sprintf("%s within %s", r.Level, short(r.MaxAge))
}

func short(d time.Duration) string {
	if d%time.Hour == 0 {
		return strconv.Itoa(int(d/time.Hour)) + " h"
	}
	return strconv.Itoa(int(d/time.Minute)) + " min"
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return ""
}

func event(r policy.Rule) string {
	told := r.Activity
	if r.Notify {
		told += ", the person is told"
	}
	switch {
	case r.Activity == "":
		return ""
	case r.Records == policy.NotedSuccess:
		return told + " (only if something of note changed)"
	case r.Records == policy.NoSuccess:
		return r.Activity + " (only if refused)"
	}
	return told
}

func conditions(r policy.Rule) string {
	var parts []string
	for _, p := range []string{prefixed("kinds: ", kinds(r)), prefixed("area: ", strings.ReplaceAll(area(r), "`", "")),
		prefixed("limit: ", limit(r)), prefixed("proof: ", proof(r))} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	if r.Confirm {
		parts = append(parts, "confirmed")
	}
	return strings.Join(parts, "; ")
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}
