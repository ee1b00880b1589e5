package challenge

import "github.com/seed4b20689c/myaccount/secret"

// Respell reads a link and writes it again.
func Respell(text string) (string, bool) {
	l, ok := parseLink(secret.NewText(text))
	if !ok {
		return "", false
	}
	return l.text().Reveal(), true
}
