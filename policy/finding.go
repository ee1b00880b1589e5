package policy

// Finding is something that a person is told before their account is closed: what will be lost, or what has to be
// settled first. Rooms give their own, as they give a [Block] of an overview.
type Finding struct {
	Code Code   `json:"code"` // for translations; one room gives no two findings of one code
	Room string `json:"room"` // the package's name, such as "devices", or a host's own
	Text string `json:"text"` // English default
	// Blocks says that the account cannot be closed while it is so. What does not block is a warning.
	Blocks bool `json:"blocks"`
}

// ID names f when it was understood: room and code, such as "devices/devices-removed", so that two rooms may have the same code.
func (f Finding) ID() string { return f.Room + "/" + string(f.Code) }

// Check tells whether f has a code, a room and a text that can be kept and shown.
func (f Finding) Check() error {
	if err := CheckID("finding.code", f.Code); err != nil {
		return err
	}
	if err := CheckID("finding.room", f.Room); err != nil {
		return err
	}
	return CheckText("finding.text", f.Text, maxFinding)
}

// maxFinding is the longest text of a finding in code points.
const maxFinding = 1000
