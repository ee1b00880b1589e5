package signins

import (
	"encoding/base64"
	"encoding/binary"
	"strings"

	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
)

// token is what a session is resumed with: where its row stands, which is no secret, and 256 random bits,
// which are. The row is found by its own key and the secret compared in constant time, so no index of
// secrets is needed, and a lookup's time tells nothing about them.
type token struct {
	tenant  policy.TenantID
	account policy.AccountID
	session policy.SessionID
	secret  secret.Text
}

// tokenPrefix lets scanners for leaked secrets recognize a token.
const tokenPrefix = "mast_"

// maxToken is longer than a token of the longest identifiers.
const maxToken = 1024

// purpose of a session's digest.
const purpose = "session"

func (t token) text() secret.Text {
	var b []byte
	for _, part := range []string{string(t.tenant), string(t.account), string(t.session), t.secret.Reveal()} {
		b = binary.AppendUvarint(b, uint64(len(part)))
		b = append(b, part...)
	}
	return secret.NewText(tokenPrefix + base64.RawURLEncoding.EncodeToString(b))
}

// parseToken reads what text wrote, and no other spelling of it: base64 skips line breaks, and a length can be
// written longer than it need be. Whatever is in it is somebody's claim until the secret was compared.
func parseToken(text secret.Text) (token, bool) {
	encoded, ok := strings.CutPrefix(text.Reveal(), tokenPrefix)
	if !ok || len(encoded) > maxToken || strings.ContainsAny(encoded, "\r\n") {
		return token{}, false
	}
	var room [maxToken]byte
	decoded, err := base64.RawURLEncoding.Strict().AppendDecode(room[:0], []byte(encoded))
	if err != nil {
		return token{}, false
	}
	rest := string(decoded)
	var parts [4]string
	for i := range parts {
		n, size := binary.Uvarint(decoded[len(decoded)-len(rest):])
		if size <= 0 || size > 1 && n>>(7*(size-1)) == 0 || n > uint64(len(rest)-size) {
			return token{}, false
		}
		parts[i], rest = rest[size:size+int(n)], rest[size+int(n):]
	}
	for _, id := range parts[:3] {
		if policy.CheckID("token", id) != nil {
			return token{}, false
		}
	}
	t := token{policy.TenantID(parts[0]), policy.AccountID(parts[1]), policy.SessionID(parts[2]), secret.NewText(parts[3])}
	return t, rest == "" && parts[3] != ""
}
