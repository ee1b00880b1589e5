package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/seed4b20689c/myaccount/msgraph"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
)

// printer shows things as text for people, or each as one line of JSON.
type printer struct {
	out  io.Writer
	json bool
	err  error // the first trouble in writing; nothing is written after it
}

// printf writes text.
func (p *printer) printf(format string, args ...any) {
	if p.err == nil && !p.json {
		_, p.err = fmt.Fprintf(p.out, format, args...)
	}
}

// object writes a line of JSON: the members, and before them what the line shows.
func (p *printer) object(shows string, members any) {
	if p.err != nil || !p.json {
		return
	}
	var line []byte
	if line, p.err = json.Marshal(members); p.err == nil {
		_, p.err = fmt.Fprintf(p.out, "{\"shows\":%q,%s\n", shows, line[1:])
	}
}

// table writes rows in aligned columns.
func (p *printer) table(rows ...[]string) {
	var aligned bytes.Buffer
	w := tabwriter.NewWriter(&aligned, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		_, _ = fmt.Fprintln(w, strings.Join(row, "\t")) // into memory, where writing does not fail
	}
	_ = w.Flush()
	for line := range strings.Lines(aligned.String()) {
		p.printf("  %s\n", strings.TrimRight(line, " \n"))
	}
}

func (p *printer) title(format string, args ...any) { p.printf("\n"+format+"\n", args...) }

// note is a remark in the place of a chapter.
func (p *printer) note(format string, args ...any) {
	p.title(format, args...)
	p.object("note", map[string]string{"text": fmt.Sprintf(format, args...)})
}

// report shows what became of one text of the export.
func (p *printer) report(name string, r msgraph.Report) {
	p.printf("  %s: %v\n", name, r)
	p.object("import", map[string]any{"text": name, "read": r.Read, "imported": r.Imported, "updated": r.Updated,
		"unchanged": r.Unchanged, "keptDisabled": r.KeptDisabled, "skipped": r.Skipped, "past": r.Past, "refused": r.Refused})
	for _, refusal := range r.Refusals {
		p.printf("    refused: %v\n", refusal)
		p.object("refusal", map[string]any{"text": name, "record": refusal.Record, "line": refusal.Line, "problem": refusal.Err.Error()})
	}
}

// title is how a device is called.
func title(i item) string { return cmp.Or(i.Name, string(i.ID)) }

func day(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Format(time.DateOnly)
}

// devices shows a person's devices with what may be done to each, and why not.
func (p *printer) devices(who string, mine []item) {
	p.title("The devices of %s", who)
	rows := [][]string{{"DEVICE", "SYSTEM", "CONNECTED", "LAST SIGN-IN", "STATE", "KEYS", "RECOGNIZE", "DISABLE", "REMOVE"}}
	var reasons []string
	may := func(d policy.Decision) string {
		if d.Allowed {
			return "yes"
		}
		at := slices.Index(reasons, d.Message())
		if at < 0 {
			at, reasons = len(reasons), append(reasons, d.Message())
		}
		return fmt.Sprintf("no (%d)", at+1)
	}
	for _, i := range mine {
		state := i.State.String()
		if i.NeedsAttention() {
			state += ", long unused"
		}
		rows = append(rows, []string{title(i), cmp.Or(strings.TrimSpace(i.OS+" "+i.OSVersion), "-"), i.Join.String(), day(i.LastSignInAt),
			state, fmt.Sprint(len(i.keys)), may(i.Recognize), may(i.Disable), may(i.Remove)})
		p.object("device", map[string]any{"device": i.Device, "unused": i.Unused, "keys": len(i.keys),
			"recognize": i.Recognize, "disable": i.Disable, "remove": i.Remove})
	}
	p.table(rows...)
	for n, reason := range reasons {
		p.printf("  (%d) %s\n", n+1, reason)
	}
}

// tally tells how sign-ins ended, and in how many goes they were made.
func (p *printer) tally(who string, items []signins.Item) {
	var successes, failures, interruptions int
	for _, i := range items {
		switch i.Outcome {
		case signins.Success:
			successes++
		case signins.Interrupted:
			interruptions++
		default:
			failures++
		}
	}
	groups := len(signins.Grouped(items))
	p.printf("  sign-ins %d, groups %d, successes %d, failures %d, interruptions %d\n", len(items), groups, successes, failures, interruptions)
	p.object("sign-ins", map[string]any{"of": who, "signIns": len(items), "groups": groups, "successes": successes, "failures": failures, "interruptions": interruptions})
}

// signIns shows a person's attempts to sign in: how they ended, the newest, and what is unusual about those.
func (p *printer) signIns(who string, items []signins.Item) {
	p.title("The recent sign-ins of %s", who)
	p.tally(who, items)
	newest := items[:min(len(items), shownSignIns)]
	rows := [][]string{{"TIME", "OUTCOME", "APPLICATION", "PLACE", "WITH", "UNUSUAL"}}
	var notes []string
	for _, i := range newest {
		var unusual []string
		for _, f := range i.Unusual {
			unusual = append(unusual, string(f.Kind))
			notes = append(notes, f.Text)
		}
		if advice := i.Advice(); i.Outcome == signins.LaterStepFailed {
			notes = append(notes, advice)
		}
		rows = append(rows, []string{i.At.Format("2006-01-02 15:04"), i.Outcome.String(), cmp.Or(i.Application, "-"), cmp.Or(i.Place.String(), "-"),
			cmp.Or(strings.TrimSpace(i.Browser+" "+i.System), "-"), cmp.Or(strings.Join(unusual, ", "), "-")})
		p.object("sign-in", map[string]any{"signIn": i.SignIn, "unusual": i.Unusual, "thisWasMe": i.ThisWasMe, "thisWasNotMe": i.ThisWasNotMe})
	}
	p.table(rows...)
	for _, n := range notes {
		p.printf("  - %s\n", n)
	}
	if len(newest) < len(items) {
		p.printf("  (the newest %d of them)\n", len(newest))
	}
}

// preview shows what will happen.
func (p *printer) preview(preview policy.Preview) {
	p.title("%s", preview.Title)
	for _, c := range preview.Consequences {
		p.printf("  - %s\n", c)
	}
	p.printf("\n")
	p.object("preview", map[string]any{"preview": preview})
}

// ask shows what will happen and waits for the answer; where nobody is there to give it, it is Yes.
func (p *printer) ask(preview policy.Preview, in io.Reader) (yes bool, err error) {
	p.title("%s", preview.Title)
	for _, c := range preview.Consequences {
		p.printf("  - %s\n", c)
	}
	if in == nil || p.json {
		yes = true
		p.printf("  Answered without asking: Yes.\n\n")
	} else {
		p.printf("  Yes or No? ")
		var answer string
		if answer, err = bufio.NewReader(in).ReadString('\n'); err != nil && !errors.Is(err, io.EOF) {
			return false, err
		}
		answer = strings.ToLower(strings.TrimSpace(answer))
		if yes = answer == "y" || answer == "yes"; yes {
			p.printf("\n")
		} else {
			p.printf("  Nothing was changed.\n")
		}
	}
	p.object("question", map[string]any{"preview": preview, "yes": yes})
	return yes, p.err
}

// step is what somebody tries and how it ended, with the recovery key if it gave one.
type step struct {
	what string
	err  error
	key  string
	left bool // it was left out, as what says
}

func did(what string, err error) step { return step{what: what, err: err} }

// steps shows them. An error that is no refusal is trouble and comes back.
func (p *printer) steps(all ...step) error {
	var rows [][]string
	for _, s := range all {
		var denied *policy.Denied
		line := map[string]any{"what": s.what, "outcome": "done"}
		row := []string{"done", s.what, s.key}
		switch {
		case errors.As(s.err, &denied):
			row = []string{"refused", s.what, denied.Message()}
			line["outcome"], line["decision"] = "refused", denied.Decision
		case s.err != nil:
			return s.err
		case s.left:
			row[0], line["outcome"] = "left out", "left-out"
		case s.key != "":
			line["recoveryKey"] = s.key
		}
		rows = append(rows, row)
		p.object("step", line)
	}
	p.table(rows...)
	return p.err
}

// keys shows which recovery keys a device has, and not the keys.
func (p *printer) keys(of item) {
	p.title("The recovery keys of %s", title(of))
	rows := [][]string{{"KEY ID", "VOLUME", "CREATED", "MAY BE READ"}}
	for _, k := range of.keys {
		may := "yes"
		if !k.Reveal.Allowed {
			may = k.Reveal.Message()
		}
		rows = append(rows, []string{string(k.ID), k.Volume.String(), day(k.CreatedAt), may})
		p.object("key", map[string]any{"id": k.ID, "device": k.Device, "volume": k.Volume, "created": k.CreatedAt, "reveal": k.Reveal})
	}
	p.table(rows...)
	p.printf("\n")
}

// events shows the log. names are those of accounts and devices by their ids.
func (p *printer) events(list []policy.Event, names map[string]string, older bool) {
	p.title("The events that this left")
	rows := [][]string{{"TIME", "ACTIVITY", "ON", "BY", "OUTCOME", "FACTS"}}
	for _, e := range list {
		on, outcome := cmp.Or(names[e.Target.ID], e.Target.ID, string(e.Tenant)), string(e.Outcome)
		if e.Reason != "" {
			outcome += ": " + string(e.Reason)
		}
		var facts []string
		for _, f := range e.Facts {
			if f.Name == "name" {
				on = cmp.Or(f.Value, on)
				continue
			}
			facts = append(facts, f.Name+" "+cmp.Or(names[f.Value], f.Value))
		}
		rows = append(rows, []string{e.At.Format(time.TimeOnly), e.Activity, on, cmp.Or(names[e.By.ID], e.By.ID), outcome, strings.Join(facts, ", ")})
		p.object("event", e)
	}
	if older {
		p.printf("  (the newest %d of them)\n", len(list))
	}
	p.table(rows...)
}
