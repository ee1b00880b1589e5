package password

// Folded and Normalized are the forms in which words are found.
func Folded(s string) string     { return string(folded(s)) }
func Normalized(s string) string { return string(normalized(s)) }
