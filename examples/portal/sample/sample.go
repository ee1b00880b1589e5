// Package sample is the tenant that the portal shows: about ten people of contoso.example with their devices, recovery keys and
// sign-ins, in the published shapes of Microsoft Graph. Nobody in it is real: the telephone numbers, addresses and domains are from
// what is reserved for fiction and documentation.
//
// Its times are fixed and end shortly before [Now]. To show it later, let package export move them.
//
// Besides what is usual it has, for a portal to show: a guest, a person who is synchronized from a directory of the
// organization's own (Bob), a disabled account (Hugo), names with markup and quotes in them, somebody without a telephone; devices that are
// unused for long, disabled, a printer, managed by Autopilot, another person's (Ada uses Bob's laptop), nobody's, and one whose
// name is markup; one device that is refused, since its name would reorder the text around it; sign-ins of all four outcomes, and
// unusual ones of Ada's (a new country, guesses and then a success, an impossible travel) and Bob's (a network that hides its
// place). Personal accounts are not in a directory.
package sample

import (
	"embed"
	"time"

	"github.com/seed4b20689c/myaccount/policy"
)

// Files are the export, for package export.
//
//go:embed *.json
var Files embed.FS

// Main persons. Their user names are ada@contoso.example and carol@contoso.example.
const (
	Ada policy.AccountID = "ab0469a5-c2ba-4ff7-b9d4-9080df2db07e"
	// Carol administers the tenant, as a Global Administrator. Roles come with the actor: the host gives her this one when she
	// signs in.
	Carol policy.AccountID = "c0316ced-46aa-4691-9368-e777b0f94adc"
)

// Now is when the export was made.
var Now = time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
