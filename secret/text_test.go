package secret_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/secret"
)

// Holders of a secret, exported and not, as programs nest them.
type (
	exported[T any]   struct{ Secret T }
	unexported[T any] struct{ secret T }
	deep[T any]       struct {
		a  *unexported[T]
		b  []unexported[T]
		c  map[string]T
		d  any
		E  *T
		F  []T
		G  map[string]*T
		H  [1]T
		I  exported[unexported[T]]
		is error
	}
)

// holders are v in everything that may hold it.
func holders[T any](v T) map[string]any {
	return map[string]any{
		"itself": v, "pointer": &v, "pointer to pointer": ptr(&v), "slice": []T{v}, "array": [1]T{v}, "map": map[string]T{"k": v},
		"slice of any": []any{v}, "slice of pointers": []*T{&v},
		"exported field": exported[T]{v}, "pointer to exported field": &exported[T]{v},
		"unexported field": unexported[T]{v}, "pointer to unexported field": &unexported[T]{v},
		"slice of structs": []unexported[T]{{v}}, "map of structs": map[string]unexported[T]{"k": {v}},
		"nested": deep[T]{a: &unexported[T]{v}, b: []unexported[T]{{v}}, c: map[string]T{"k": v}, d: v, E: &v, F: []T{v},
			G: map[string]*T{"k": &v}, H: [1]T{v}, I: exported[unexported[T]]{unexported[T]{v}}, is: &carrier[T]{v}},
		"reflected field": reflect.ValueOf(unexported[T]{v}).Field(0), "reflected pointer": reflect.ValueOf(unexported[*T]{&v}).Field(0),
		"error": error(&carrier[T]{v}), "joined errors": errors.Join(&carrier[T]{v}, fmt.Errorf("again: %w", &carrier[T]{v})),
	}
}

func ptr[T any](v T) *T { return &v }

// carrier is an error that holds a secret and prints it as carelessly as can be.
type carrier[T any] struct{ secret T }

func (c *carrier[T]) Error() string { return fmt.Sprintf("with %v and %+v", c.secret, *c) }

func TestATextIsNeverPrinted(t *testing.T) {
	for where, v := range holders(secret.NewText(canary)) {
		mustNotLeak(t, where, v, canary)
	}
}

func TestATextPrintsAsRedacted(t *testing.T) {
	text := secret.NewText(canary)
	require.Equal(t, secret.Redacted, text.String())
	require.Equal(t, secret.Redacted, text.GoString())
	require.Equal(t, secret.Redacted, text.LogValue().String())
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%20s"} {
		require.Equal(t, secret.Redacted, fmt.Sprintf(verb, text), verb)
	}
	b, err := json.Marshal(map[string]secret.Text{"key": text})
	require.NoError(t, err)
	require.JSONEq(t, `{"key":"[redacted]"}`, string(b))
	b, err = xml.Marshal(exported[secret.Text]{text})
	require.NoError(t, err)
	require.NotContains(t, string(b), canary)
	require.Contains(t, string(b), secret.Redacted)

	require.Equal(t, secret.Redacted, fmt.Sprint(secret.NewText("")), "whether there is a secret is not told either")
	require.Equal(t, secret.Redacted, fmt.Sprint(secret.Text{}))
}

func TestATextIsRevealedOnRequestOnly(t *testing.T) {
	require.Equal(t, canary, secret.NewText(canary).Reveal())
	require.False(t, secret.NewText(canary).Empty())
	require.Equal(t, "", secret.Text{}.Reveal())
	require.True(t, secret.Text{}.Empty())
	require.True(t, secret.NewText("").Empty())
}

func TestTextsAreEqualIfTheyAreTheSameByteForByte(t *testing.T) {
	for _, c := range []struct {
		a, b  secret.Text
		equal bool
	}{
		{secret.NewText("a"), secret.NewText("a"), true},
		{secret.NewText("a"), secret.NewText("b"), false},
		{secret.NewText("a"), secret.NewText("A"), false},
		{secret.NewText("a"), secret.NewText("a "), false},
		{secret.NewText("a"), secret.NewText("ab"), false},
		{secret.NewText("caf\u00e9"), secret.NewText("cafe\u0301"), false},
		{secret.NewText("a"), secret.Text{}, false},
		{secret.NewText(""), secret.Text{}, true},
		{secret.Text{}, secret.Text{}, true},
	} {
		require.Equal(t, c.equal, c.a.Equal(c.b), "%q and %q", c.a.Reveal(), c.b.Reveal())
		require.Equal(t, c.equal, c.b.Equal(c.a), "%q and %q", c.b.Reveal(), c.a.Reveal())
	}
}

func TestATextIsReadButItsRedactionIsNot(t *testing.T) {
	var body struct{ Password secret.Text }
	require.NoError(t, json.Unmarshal([]byte(`{"Password":"hunter2"}`), &body))
	require.Equal(t, "hunter2", body.Password.Reveal())

	written, err := json.Marshal(body)
	require.NoError(t, err)
	require.ErrorContains(t, json.Unmarshal(written, &body), "redacted", "else [redacted] would become the secret")
	require.Equal(t, "hunter2", body.Password.Reveal(), "what was there stays")
}

func TestATextIsNotEncodedByGob(t *testing.T) {
	for where, v := range map[string]any{"itself": secret.NewText(canary), "field": exported[secret.Text]{secret.NewText(canary)},
		"slice": []secret.Text{secret.NewText(canary)}, "map": map[string]secret.Text{"k": secret.NewText(canary)}} {
		var out bytes.Buffer
		require.Error(t, gob.NewEncoder(&out).Encode(v), where)
		require.NotContains(t, out.String(), canary, where)
	}

	// A stream that claims to hold one, made with a type of the same shape.
	var out bytes.Buffer
	require.NoError(t, gob.NewEncoder(&out).Encode(exported[lookalike]{lookalike(canary)}))
	var got exported[secret.Text]
	require.Error(t, gob.NewDecoder(&out).Decode(&got))
	require.True(t, got.Secret.Empty())
}

// lookalike encodes itself as a Text would, if it did.
type lookalike string

func (l lookalike) GobEncode() ([]byte, error) { return []byte(l), nil }
