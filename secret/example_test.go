package secret_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed4b20689c/myaccount/secret"
)

func ExampleText() {
	t := secret.NewText("496298-461032")
	fmt.Printf("%v %+v %q %s\n", t, struct{ Key secret.Text }{t}, t, t)
	fmt.Println(t.Reveal())
	// Output:
	// [redacted] {Key:[redacted]} [redacted] [redacted]
	// 496298-461032
}

// Keys rotate: the new one seals, the old ones still open, and Reseal moves what is stored.
func ExampleKeyRing() {
	ctx := context.Background()
	old, fresh := secret.NewKey("2025"), secret.NewKey("2026")
	place := secret.Bind("contoso", "ada", "laptop")

	ring, err := secret.NewKeyRing(old)
	fmt.Println(err)
	sealed, err := ring.Seal(ctx, secret.NewText("seed"), place)
	fmt.Println(err)

	rotated, err := secret.NewKeyRing(fresh, old)
	fmt.Println(err)
	sealed, moved, err := rotated.Reseal(ctx, sealed, place)
	fmt.Println(moved, err)
	text, err := rotated.Open(ctx, sealed, place)
	fmt.Println(text.Reveal(), err)

	_, err = rotated.Open(ctx, sealed, secret.Bind("contoso", "bob", "laptop"))
	fmt.Println(errors.Is(err, secret.ErrUnsealable))
	_, err = ring.Open(ctx, sealed, place)
	fmt.Println(errors.Is(err, secret.ErrUnsealable))
	// Output:
	// <nil>
	// <nil>
	// <nil>
	// true <nil>
	// seed <nil>
	// true
	// true
}

func ExampleHasher() {
	ctx := context.Background()
	h, err := secret.NewHasher(secret.DefaultParams, 0)
	fmt.Println(err)
	stored, err := h.Hash(ctx, secret.NewText("correct horse battery staple"))
	fmt.Println(stored, err)
	ok, rehash, err := h.Verify(ctx, secret.NewText("correct horse battery staple"), stored)
	fmt.Println(ok, rehash, err)
	ok, _, err = h.Verify(ctx, secret.NewText("incorrect horse"), stored)
	fmt.Println(ok, err)
	// Output:
	// <nil>
	// [redacted] <nil>
	// true false <nil>
	// false <nil>
}
