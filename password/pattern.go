package password

// Patterns are found by rule instead of being listed. Each counts as one term, wherever it is found.
const (
	run  = iota // a sequence, a straight line over a keyboard, or a repetition
	walk        // a way over a keyboard that turns
	pair        // two sequences that are dealt like cards: 112233, a1b2c3
	date        // a date or year, in digits
	kinds
)

// shortest is the length from which on a pattern is one. Turning ways of three keys are in too many words. Of a date no part is
// a date.
var shortest = [kinds]int{run: 3, walk: 4, pair: 6}

// reach says how long the longest pattern of each kind is that begins at a place; 0 for none.
type reach [kinds]int

func (r *reach) upTo(kind, length int) {
	if length >= shortest[kind] {
		r[kind] = max(r[kind], length)
	}
}

// each calls fn with the length of every pattern that begins at the place.
func (r *reach) each(fn func(length int)) {
	for kind, least := range shortest {
		if kind == date {
			least = max(r[kind], 1)
		}
		for length := least; length <= r[kind]; length++ {
			fn(length)
		}
	}
}

// patterns gives the reach of each place of text; word is text after substitution.
func patterns(text, word []rune) []reach {
	found := make([]reach, len(text))
	sequences(text, 1, run, found)
	sequences(text, 2, pair, found)
	repetitions(word, found)
	for i := range keyboards {
		keyboards[i].walks(text, found)
	}
	for i := range text {
		found[i].upTo(date, dateAt(text[i:]))
	}
	return found
}

// sequences finds where each code point is the next after, or before, the one that stands stride before it.
func sequences(text []rune, stride, kind int, found []reach) {
	for _, step := range []rune{1, -1} {
		length := stride
		for i := len(text) - 1 - stride; i >= 0; i-- {
			if text[i+stride]-text[i] != step {
				length = stride
				continue
			}
			length++
			found[i].upTo(kind, length)
		}
	}
}

// repetitions finds what only says again what stands directly before it: a character, a word, a phrase.
func repetitions(word []rune, found []reach) {
	for period := 1; period < len(word); period++ {
		length := 0
		for i := len(word) - 1; i >= period; i-- {
			if word[i] != word[i-period] {
				length = 0
				continue
			}
			length++
			found[i].upTo(run, length)
		}
	}
}

// key is a place on a keyboard, as if its rows stood straight below each other.
type key struct{ row, column int }

type keyboard struct {
	keys  map[rune]key
	turns bool // whether ways that turn are looked for as well
}

// keyboards are the common layouts of letters with their digits, and the pads of digits of computers and phones.
var keyboards = []keyboard{
	board(true, "`1234567890-=", " qwertyuiop[]\\", " asdfghjkl;'", " zxcvbnm,./").
		and("~!@#$%^&*()_+", " qwertyuiop{}|", " asdfghjkl:\"", " zxcvbnm<>?"),
	board(true, "^1234567890ß´", " qwertzuiopü+", " asdfghjklöä#", " yxcvbnm,.-"),
	board(true, " &é\"'(-è_çà)=", " azertyuiop^$", " qsdfghjklmù*", " wxcvbn,;:!").
		and(" 1234567890"),
	board(false, "789", "456", "123", " 0"),
	board(false, "123", "456", "789", " 0"),
}

func board(turns bool, rows ...string) keyboard {
	return keyboard{make(map[rune]key), turns}.and(rows...)
}

// and adds what the same keys write otherwise.
func (b keyboard) and(rows ...string) keyboard {
	for row, keys := range rows {
		for column, r := range []rune(keys) {
			if r != ' ' {
				b.keys[r] = key{row, column}
			}
		}
	}
	return b
}

// walks finds ways over the keyboard: straight ones, such as qwe or 1qaz, and those from neighbour to neighbour.
func (b *keyboard) walks(text []rune, found []reach) {
	var ahead key // the step that the straight way behind this place takes
	straight, turning := 1, 1
	for i := len(text) - 2; i >= 0; i-- {
		from, on := b.keys[text[i]]
		to, onward := b.keys[text[i+1]]
		step := key{to.row - from.row, to.column - from.column}
		if !on || !onward || !short(step) {
			turning, ahead = 1, key{} // no step is ahead: a straight way begins anew too
			continue
		}
		if step != ahead {
			straight, ahead = 1, step
		}
		straight++
		found[i].upTo(run, straight)
		if turning++; b.turns {
			found[i].upTo(walk, turning)
		}
	}
}

// short reports whether a step leads to one of the eight places around.
func short(s key) bool {
	return s != key{} && s.row >= -1 && s.row <= 1 && s.column >= -1 && s.column <= 1
}

// dateAt is the length of the date or year, in digits, that text begins with; 0 for none.
func dateAt(text []rune) int {
	var d [8]int
	n := 0
	for n < len(d) && n < len(text) && text[n] >= '0' && text[n] <= '9' {
		d[n] = int(text[n] - '0')
		n++
	}
	pair := func(i int) int { return d[i]*10 + d[i+1] }
	year := func(i int) bool { return pair(i) == 19 || pair(i) == 20 }
	dayAndMonth := func(i int) bool {
		a, b := pair(i), pair(i+2)
		return a >= 1 && b >= 1 && min(a, b) <= 12 && max(a, b) <= 31
	}
	switch {
	case n == 8 && (year(0) && dayAndMonth(4) || year(4) && dayAndMonth(0)):
		return 8
	case n >= 4 && year(0):
		return 4
	}
	return 0
}
