package storetest

import (
	"slices"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/password"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/store"
)

// accountChecks are all checks of what package account needs of a store.
func accountChecks() []check {
	profile := rows[account.Profile]{accountRoom, profileKind}
	credential := rows[account.Credential]{accountRoom, credentialKind}
	code := rows[account.RecoveryCode]{accountRoom, recoveryCodeKind}
	portrait := rows[account.Portrait]{accountRoom, portraitKind}
	schema := rows[account.Schema]{accountRoom, schemaKind}
	banned := rows[account.BannedPasswords]{accountRoom, bannedKind}
	closing := rows[account.Closing]{accountRoom, closingKind}
	session := rows[policy.Session]{accountRoom, sessionKind}
	return slices.Concat(challengeChecksIn(accountRoom),
		profile.checks(), credential.checks(), code.checks(), portrait.checks(), schema.checks(), banned.checks(), session.checks(), closing.checks(), closingChecks(), identifierChecks(),
		removal[challenge.Counter]{accountRoom, counterKind, "DeleteCountersOf", func(t tx) func(policy.TenantID, policy.AccountID, int) (int, error) {
			return t.account.DeleteCountersOf
		}}.checks(),
		removal[policy.Usage]{accountRoom, usageKind, "DeleteUsageOf", func(t tx) func(policy.TenantID, policy.AccountID, int) (int, error) {
			return t.account.DeleteUsageOf
		}}.checks())
}

var profileKind = kind[account.Profile]{
	name:  "profile",
	slots: []string{"tenant", "account"},
	sample: func(at address, n int) account.Profile {
		p := account.Profile{Tenant: at.tenant(), Account: at.account()}
		if n == 0 {
			return p
		}
		p.DisplayName, p.GivenName, p.FamilyName = text("display name", n), text("given name", n), text("family name", n)
		p.Title, p.Department, p.Office = text("title", n), text("department", n), text("office", n)
		p.Manager, p.MobilePhone, p.BusinessPhone = policy.AccountID(text("manager", n)), text("mobile", n), text("business", n)
		p.Language, p.Region, p.TimeZone = pick(n, "de-CH", "en-GB"), pick(n, "CH", "GB"), pick(n, "Europe/Zurich", "Europe/London")
		p.Photo, p.Source = text("photo", n), text("directory", n)
		return p
	},
	get:      func(t tx, at address) (account.Profile, error) { return t.account.Profile(at.tenant(), at.account()) },
	put:      func(t tx, r account.Profile) (store.Revision, error) { return t.account.PutProfile(r) },
	remove:   func(t tx, at address) error { return t.account.DeleteProfile(at.tenant(), at.account()) },
	revision: func(r *account.Profile) *store.Revision { return &r.Revision },
}

var credentialKind = kind[account.Credential]{
	name:  "credential",
	slots: []string{"tenant", "account"},
	sample: func(at address, n int) account.Credential {
		c := account.Credential{Tenant: at.tenant(), Account: at.account()}
		if n == 0 {
			return c
		}
		c.Hash, c.SetAt = secret.Hash(text("$argon2id$", n)), when(n)
		c.Throttle = password.Throttle{
			Familiar: password.Failures{Count: n, LockedUntil: when(n + 1)}, Unfamiliar: password.Failures{Count: n + 1, LockedUntil: when(n + 2)},
			SignedIn: password.Failures{Count: n + 2, LockedUntil: when(n + 3)},
			InARow:   2*n + 1, Disabled: true, Wrong: []secret.Digest{{0: byte(n), 31: 1}, {0: byte(n + 1), 31: 2}},
		}
		c.Elsewhere, c.Place = pick(n, account.Federated, account.Synchronized, account.Passwordless), text("place", n)
		return c
	},
	get: func(t tx, at address) (account.Credential, error) {
		return t.account.Credential(at.tenant(), at.account())
	},
	put:      func(t tx, r account.Credential) (store.Revision, error) { return t.account.PutCredential(r) },
	remove:   func(t tx, at address) error { return t.account.DeleteCredential(at.tenant(), at.account()) },
	revision: func(r *account.Credential) *store.Revision { return &r.Revision },
}

var recoveryCodeKind = kind[account.RecoveryCode]{
	name:  "recovery code",
	slots: []string{"tenant", "account"},
	sample: func(at address, n int) account.RecoveryCode {
		c := account.RecoveryCode{Tenant: at.tenant(), Account: at.account()}
		if n > 0 {
			c.Digest, c.MadeAt = secret.Digest{0: byte(n), 31: 1}, when(n)
		}
		return c
	},
	get: func(t tx, at address) (account.RecoveryCode, error) {
		return t.account.RecoveryCode(at.tenant(), at.account())
	},
	put:      func(t tx, r account.RecoveryCode) (store.Revision, error) { return t.account.PutRecoveryCode(r) },
	remove:   func(t tx, at address) error { return t.account.DeleteRecoveryCode(at.tenant(), at.account()) },
	revision: func(r *account.RecoveryCode) *store.Revision { return &r.Revision },
}

var portraitKind = kind[account.Portrait]{
	name:  "photo",
	slots: []string{"tenant", "account"},
	sample: func(at address, n int) account.Portrait {
		p := account.Portrait{Tenant: at.tenant(), Account: at.account()}
		if n > 0 {
			p.Pictures = map[int][]byte{48: {0xFF, 0xD8, byte(n)}, 648: {0, byte(n), 0xFF}}
		}
		return p
	},
	get:      func(t tx, at address) (account.Portrait, error) { return t.account.Portrait(at.tenant(), at.account()) },
	put:      func(t tx, r account.Portrait) (store.Revision, error) { return t.account.PutPortrait(r) },
	remove:   func(t tx, at address) error { return t.account.DeletePortrait(at.tenant(), at.account()) },
	revision: func(r *account.Portrait) *store.Revision { return &r.Revision },
}

var schemaKind = kind[account.Schema]{
	name:  "schema",
	slots: []string{"tenant"},
	sample: func(at address, n int) account.Schema {
		s := account.Schema{Tenant: at.tenant()}
		if n > 0 {
			s.Rules = map[account.Attribute]account.AttributeRule{
				account.Title:  {Work: policy.ReadOnly, Personal: policy.Edit, Guest: policy.Off, Required: true, Longest: n, Pattern: text("pattern", n)},
				account.Office: {Guest: pick(n, policy.ReadOnly, policy.Edit)},
			}
		}
		return s
	},
	get:      func(t tx, at address) (account.Schema, error) { return t.account.Schema(at.tenant()) },
	put:      func(t tx, r account.Schema) (store.Revision, error) { return t.account.PutSchema(r) },
	revision: func(r *account.Schema) *store.Revision { return &r.Revision },
}

var bannedKind = kind[account.BannedPasswords]{
	name:  "banned passwords",
	slots: []string{"tenant"},
	sample: func(at address, n int) account.BannedPasswords {
		b := account.BannedPasswords{Tenant: at.tenant()}
		if n > 0 {
			b.Terms = []string{text("glasgow", n), text("heron", n), "zwölf"}
		}
		return b
	},
	get:      func(t tx, at address) (account.BannedPasswords, error) { return t.account.BannedPasswords(at.tenant()) },
	put:      func(t tx, r account.BannedPasswords) (store.Revision, error) { return t.account.PutBannedPasswords(r) },
	revision: func(r *account.BannedPasswords) *store.Revision { return &r.Revision },
}
