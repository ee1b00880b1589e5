package policy

import (
	"cmp"
	"slices"

	"github.com/seed4b20689c/myaccount/internal/enum"
)

// Block is what a room shows of itself on the page that a person sees first.
type Block struct {
	Room  string `json:"room"`  // the package's name, such as "devices"
	Title string `json:"title"` // English; translate it by Room
	// Open says whether the room's own page can be opened, and why not. A block that cannot be opened has no facts, and only
	// such notices as are shown Always.
	Open Decision `json:"open"`
	// Facts are a few numbers and texts, in the order in which they are shown.
	Facts []Fact `json:"facts,omitempty"`
	// Notices are what the person should look at, the most urgent first.
	Notices []Notice `json:"notices,omitempty"`
}

// Notice is one thing that a person should look at.
type Notice struct {
	Code    Code    `json:"code"` // for translations and pictures
	Urgency Urgency `json:"urgency"`
	Text    string  `json:"text"` // English default
	// Action is what helps, if this library has it, and Target what it is about.
	Action Action `json:"action,omitempty"`
	Target Target `json:"target,omitzero"`
	// Always says that the notice is about the account itself and not about what the room's page shows, so that it stands even
	// where that page cannot be opened: switching a page off silences no alarm.
	Always bool `json:"always,omitempty"`
}

// Urgency is how soon a person should look at something.
type Urgency uint8

// Urgencies.
const (
	Calm    Urgency = iota // nothing to look at
	Hint                   // whenever there is time
	Warning                // soon
	Alarm                  // now: somebody else may have the account
)

var urgencyNames = enum.Names[Urgency]{Calm: "calm", Hint: "hint", Warning: "warning", Alarm: "alarm"}

// String is the urgency's name, such as "warning".
func (u Urgency) String() string { return urgencyNames.Text(u) }

// MarshalText writes the urgency's name.
func (u Urgency) MarshalText() ([]byte, error) { return urgencyNames.Marshal(u) }

// UnmarshalText reads an urgency's name.
func (u *Urgency) UnmarshalText(b []byte) (err error) {
	*u, err = urgencyNames.Unmarshal(b)
	return err
}

// Urgency is that of the block's most urgent notice.
func (b Block) Urgency() Urgency {
	most := Calm
	for _, n := range b.Notices {
		most = max(most, n.Urgency)
	}
	return most
}

// Arrange puts an overview in order: what is not shown to this person left out, the block with the most urgent notice
// first, and in each block the most urgent notice first. What is alike stays in its order. A block whose room is off, or
// not for such an account, is left out unless it has a notice that is shown Always.
func Arrange(blocks []Block) []Block {
	shown := make([]Block, 0, len(blocks))
	for _, b := range blocks {
		b.Notices = slices.Clone(b.Notices)
		if !b.Open.Allowed {
			b.Facts = nil
			b.Notices = slices.DeleteFunc(b.Notices, func(n Notice) bool { return !n.Always })
		}
		if len(b.Notices) == 0 && b.unseen() {
			continue
		}
		slices.SortStableFunc(b.Notices, func(x, y Notice) int { return cmp.Compare(y.Urgency, x.Urgency) })
		shown = append(shown, b)
	}
	slices.SortStableFunc(shown, func(x, y Block) int { return cmp.Compare(y.Urgency(), x.Urgency()) })
	return shown
}

// unseen reports whether the person is not to know of the room at all.
func (b *Block) unseen() bool {
	r := b.Open.Reason()
	return !b.Open.Allowed && (r.Code == CodeAreaOff || r.Class == ClassAccountKind)
}
