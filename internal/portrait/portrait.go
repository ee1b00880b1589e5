// Package portrait makes square pictures of a few sizes out of a photo that a stranger sent: decoded within limits, turned
// the way the camera was held, and written anew, so that nothing of the file itself is kept: no place where it was taken,
// no thumbnail of what was cut off, no bytes that another program would take for a script.
package portrait

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"

	"golang.org/x/image/draw"
)

// Limits of what is decoded. A file within them takes at most 8 bytes for each point of memory.
const (
	MaxBytes  = 4<<20 - 1 // a request is below 4 MB (Graph: profilephoto-update)
	MinSide   = 48        // the smallest of Sizes
	MaxSide   = 10_000
	MaxPoints = 24_000_000
	maxScans  = 64 // of a progressive JPEG: each goes over the whole picture, and a short file can have thousands
)

// Sizes are the sides of the pictures, as Microsoft Graph has them, the greatest first. A photo is not made greater than it
// is.
var Sizes = []int{648, 240, 96, 48}

// quality of the pictures as JPEG.
const quality = 85

// Error says what is wrong with a photo, and what would be right.
type Error struct{ Problem string }

// Error is the problem.
func (e *Error) Error() string { return e.Problem }

// slots bounds how many photos are decoded at a time, however many are sent.
var slots = make(chan struct{}, 2)

// Make gives the pictures of a photo by their side.
func Make(ctx context.Context, photo []byte) (map[int][]byte, error) {
	decode, c, err := inspect(photo)
	if err != nil {
		return nil, err
	}
	select {
	case slots <- struct{}{}:
		defer func() { <-slots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	source, err := decode(bytes.NewReader(photo))
	if err != nil {
		return nil, &Error{"is damaged: " + err.Error()}
	}
	if source.Bounds().Dx() != c.Width || source.Bounds().Dy() != c.Height {
		return nil, &Error{"is damaged: it has two sizes"}
	}
	from, within := source, middle(source.Bounds())
	turn := orientation(photo)
	pictures := make(map[int][]byte, len(Sizes))
	for _, side := range Sizes {
		if side > within.Dx() {
			continue
		}
		picture := image.NewRGBA(image.Rect(0, 0, side, side))
		draw.Draw(picture, picture.Bounds(), image.White, image.Point{}, draw.Src) // behind what is transparent
		draw.CatmullRom.Scale(picture, picture.Bounds(), from, within, draw.Over, nil)
		if from == source {
			picture = turned(picture, turn)
		}
		var out bytes.Buffer
		if err := jpeg.Encode(&out, picture, &jpeg.Options{Quality: quality}); err != nil {
			return nil, fmt.Errorf("portrait: %w", err)
		}
		pictures[side] = out.Bytes()
		from, within = picture, picture.Bounds() // the smaller ones are made of the greatest
	}
	return pictures, nil
}

type decoder func(r *bytes.Reader) (image.Image, error)

// inspect holds a photo against the limits before anything of its size is made.
func inspect(photo []byte) (decoder, image.Config, error) {
	var decode decoder
	var c image.Config
	var err error
	switch {
	case len(photo) > MaxBytes:
		return nil, c, &Error{fmt.Sprintf("has %d bytes; want less than 4 MB", len(photo))}
	case bytes.HasPrefix(photo, []byte("\xff\xd8\xff")):
		if bytes.Count(photo, []byte("\xff\xda")) > maxScans {
			return nil, c, &Error{fmt.Sprintf("has more than %d scans", maxScans)}
		}
		decode = func(r *bytes.Reader) (image.Image, error) { return jpeg.Decode(r) }
		c, err = jpeg.DecodeConfig(bytes.NewReader(photo))
	case bytes.HasPrefix(photo, []byte("\x89PNG\r\n\x1a\n")):
		decode = func(r *bytes.Reader) (image.Image, error) { return png.Decode(r) }
		c, err = png.DecodeConfig(bytes.NewReader(photo))
	default:
		return nil, c, &Error{"is neither JPEG nor PNG"}
	}
	switch {
	case err != nil:
		return nil, c, &Error{"is damaged: " + err.Error()}
	case min(c.Width, c.Height) < MinSide:
		return nil, c, &Error{fmt.Sprintf("has %d by %d points; want at least %d by %d", c.Width, c.Height, MinSide, MinSide)}
	case max(c.Width, c.Height) > MaxSide || c.Width*c.Height > MaxPoints:
		return nil, c, &Error{fmt.Sprintf("has %d by %d points; want at most %d million, and %d on a side", c.Width, c.Height, MaxPoints/1_000_000, MaxSide)}
	}
	return decode, c, nil
}

// middle is the greatest square in the middle of a rectangle.
func middle(r image.Rectangle) image.Rectangle {
	side := min(r.Dx(), r.Dy())
	at := r.Min.Add(image.Pt((r.Dx()-side)/2, (r.Dy()-side)/2))
	return image.Rectangle{at, at.Add(image.Pt(side, side))}
}

// turned gives a square picture as it is seen when a camera was held as an Exif orientation (1 to 8) says.
func turned(p *image.RGBA, orientation int) *image.RGBA {
	if orientation <= 1 {
		return p
	}
	last := p.Bounds().Dx() - 1
	out := image.NewRGBA(p.Bounds())
	for y := range last + 1 {
		for x := range last + 1 {
			from := [...][2]int{2: {last - x, y}, 3: {last - x, last - y}, 4: {x, last - y}, 5: {y, x}, 6: {y, last - x}, 7: {last - y, last - x}, 8: {last - y, x}}[orientation]
			out.SetRGBA(x, y, p.RGBAAt(from[0], from[1]))
		}
	}
	return out
}
