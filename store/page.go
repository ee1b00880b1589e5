package store

// Bounds of a page.
const (
	DefaultPageSize = 50
	MaxPageSize     = 1000
)

// Cursor says where the next page begins. It is opaque, belongs to the store that made it, and reads
// nothing by itself: a store looks only where the call's own arguments point.
type Cursor string

// Page asks for a part of a list. The zero Page is the first [DefaultPageSize] items.
type Page struct {
	// Size is the number of items wanted; 0 means [DefaultPageSize], more than [MaxPageSize] means that.
	Size int
	// After continues a list from [List.Next]; empty begins it.
	After Cursor
}

// Limit is the number of items that a store returns for p at the most: between 1 and [MaxPageSize].
func (p Page) Limit() int {
	switch {
	case p.Size <= 0:
		return DefaultPageSize
	case p.Size > MaxPageSize:
		return MaxPageSize
	}
	return p.Size
}

// List is one page of items.
type List[R any] struct {
	Items []R `json:"items"`
	// Next continues the list; it is empty after the last item.
	Next Cursor `json:"next,omitempty"`
}

// Select reads one full page of those items that keep accepts, fetching as often as it takes.
// Nothing is skipped or repeated between the pages that it returns.
func Select[R any](p Page, fetch func(Page) (List[R], error), keep func(*R) bool) (List[R], error) {
	want := p.Limit()
	var out List[R]
	for next := p.After; ; {
		// Asking for no more than what is missing keeps the cursor at the end of what is returned.
		got, err := fetch(Page{Size: want - len(out.Items), After: next})
		if err != nil {
			return List[R]{}, err
		}
		if out.Items == nil {
			out.Items = got.Items[:0] // the fetched page is ours: reuse it
		}
		for i := range got.Items {
			if keep(&got.Items[i]) {
				out.Items = append(out.Items, got.Items[i])
			}
		}
		out.Next = got.Next
		if next = got.Next; next == "" || len(out.Items) == want {
			return out, nil
		}
	}
}

// Each calls fn with every item of a list, page by page.
func Each[R any](fetch func(Page) (List[R], error), fn func(R) error) error {
	for p := (Page{Size: MaxPageSize}); ; {
		got, err := fetch(p)
		if err != nil {
			return err
		}
		for _, r := range got.Items {
			if err := fn(r); err != nil {
				return err
			}
		}
		if p.After = got.Next; p.After == "" {
			return nil
		}
	}
}
