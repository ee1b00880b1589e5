package storetest

import (
	"strings"
	"unicode"
)

// lookalikes are identifiers that careless stores take for one another: by folding case, normalizing or
// trimming text, matching patterns or beginnings, reading numbers, cutting off what is long, or ending a
// string at a NUL.
var lookalikes = []string{
	"ada", "Ada", "ADA", " ada", "ada ", "ada  ", "ad", "adab", "ada\u200b",
	"ada%", "%", "_da", "a*", "ada'", `ada"`, `ada\`, "ada/", "ada.", "ada-1",
	"zo\u00eb", "zoe\u0308", "zoe", "stra\u00dfe", "strasse", "\ufb01n", "fin", "I", "i", "\u0130", "\u0131",
	"1", "01", "1.0", "1e0", "null", "NULL",
	strings.Repeat("x", 127) + "a", strings.Repeat("x", 127) + "b",
	"ada\x00", "ada\x00b", "\x00", "ada\x01", "ada\x00\x01",
}

// neighbours gives pairs of addresses that become one when the identifiers in the slots i and i+1 are joined
// carelessly.
func neighbours(at address, i int) [][2]address {
	var pairs [][2]address
	for _, sep := range []string{"", "/", ":", "|", ",", "-", " ", "\x00", "\x00\x01", "\x1f"} {
		pairs = append(pairs, [2]address{
			at.with(i, "p").with(i+1, "q"+sep+"r"),
			at.with(i, "p"+sep+"q").with(i+1, "r"),
		})
	}
	return pairs
}

// refusable reports whether a store may refuse an identifier instead of keeping its row apart: package policy
// lets none with control characters through.
func (a address) refusable() bool {
	for _, s := range a {
		if strings.ContainsFunc(s, unicode.IsControl) {
			return true
		}
	}
	return false
}
