// Package portrait makes square pictures of a few sizes out of a photo that a stranger sent: decoded within limits, turned
// the way the camera was held, and written anew, so that nothing of the file itself is kept: no place where it was taken,
// no thumbnail of what was cut off, no bytes that another program would take for a script.
package portrait

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/draw"
)

// Limits of what is decoded.
const (
	MaxBytes  = 4<<20 - 1 // a request is below 4 MB (Graph: profilephoto-update)
	MinSide   = 48        // the smallest of Sizes
	MaxSide   = 10_000
	MaxPoints = 24_000_000
	// MaxDecoded is how much memory the decoded photo may take: what MaxPoints take at 4 bytes each, and fewer points where a
	// file needs more for each.
	MaxDecoded = 96 << 20
	// MaxMemory is how much memory is taken for one photo altogether. [Make] takes two at a time.
	MaxMemory = MaxDecoded + 48<<20
	// maxScans is of a progressive JPEG: each goes over the whole picture, and a short file can have thousands.
	maxScans = 32
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

// Make gives the pictures of a photo by their side. It stops soon after ctx is done.
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
	source, err := decode(&patient{ctx, photo})
	if ctx.Err() != nil {
		return nil, ctx.Err() // which decoders tell in words of their own
	}
	if err != nil {
		return nil, &Error{"is damaged: " + err.Error()}
	}
	if source.Bounds().Dx() != c.Width || source.Bounds().Dy() != c.Height {
		return nil, &Error{"is damaged: it has two sizes"}
	}
	small, err := shrunk(ctx, source)
	if err != nil {
		return nil, err
	}
	return pictures(ctx, small, orientation(photo))
}

// pictures makes the pictures of a square one.
func pictures(ctx context.Context, from *image.RGBA, turn int) (map[int][]byte, error) {
	made := make(map[int][]byte, len(Sizes))
	for _, side := range Sizes {
		if side > from.Rect.Dx() {
			continue
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		picture := image.NewRGBA(image.Rect(0, 0, side, side))
		draw.CatmullRom.Scale(picture, picture.Rect, from, from.Rect, draw.Src, nil)
		if len(made) == 0 {
			picture = turned(picture, turn)
		}
		var out bytes.Buffer
		if err := jpeg.Encode(&out, picture, &jpeg.Options{Quality: quality}); err != nil {
			return nil, fmt.Errorf("portrait: %w", err)
		}
		made[side] = out.Bytes()
		from = picture // the smaller ones are made of the greatest
	}
	return made, nil
}

// patient reads a photo for a decoder for as long as somebody waits for it. It gives little at a time, so that a decoder
// comes back soon: a few bytes may be all of a scan, or a great many of the same point.
type patient struct {
	ctx  context.Context // a reader is asked without one
	rest []byte
}

// Read gives the next few bytes.
func (p *patient) Read(b []byte) (int, error) {
	if err := p.ctx.Err(); err != nil {
		return 0, err
	}
	if len(p.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(b, p.rest[:min(len(p.rest), 64)])
	p.rest = p.rest[n:]
	return n, nil
}

type decoder func(io.Reader) (image.Image, error)

// inspect holds a photo against the limits before anything of its size is made.
func inspect(photo []byte) (decoder, image.Config, error) {
	var c image.Config
	if len(photo) > MaxBytes {
		return nil, c, &Error{fmt.Sprintf("has %d bytes; want less than 4 MB", len(photo))}
	}
	decode, config, costs := decoder(jpeg.Decode), jpeg.DecodeConfig, ofJPEG
	switch {
	case bytes.HasPrefix(photo, []byte("\xff\xd8\xff")):
	case bytes.HasPrefix(photo, []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR")):
		decode, config, costs = png.Decode, png.DecodeConfig, ofPNG
	default:
		return nil, c, &Error{"is neither JPEG nor PNG"}
	}
	c, err := config(bytes.NewReader(photo))
	switch {
	case err != nil:
		return nil, c, &Error{"is damaged: " + err.Error()}
	case min(c.Width, c.Height) < MinSide:
		return nil, c, &Error{fmt.Sprintf("has %d by %d points; want at least %d by %d", c.Width, c.Height, MinSide, MinSide)}
	case max(c.Width, c.Height) > MaxSide || c.Width*c.Height > MaxPoints:
		return nil, c, &Error{fmt.Sprintf("has %d by %d points; want at most %d million, and %d on a side", c.Width, c.Height, MaxPoints/1_000_000, MaxSide)}
	}
	switch cost := costs(photo, c.Width, c.Height); {
	case cost.memory > MaxDecoded:
		return nil, c, &Error{fmt.Sprintf("takes %d MiB to decode; want at most %d: fewer points, or neither progressive, interlaced nor of 16 bits a colour", cost.memory>>20, MaxDecoded>>20)}
	case len(photo) < cost.least:
		return nil, c, &Error{"is damaged: it ends too early"}
	case cost.scans > cost.maxScans:
		return nil, c, &Error{fmt.Sprintf("has %d scans; want at most %d", cost.scans, cost.maxScans)}
	}
	return decode, c, nil
}

// middle is the greatest square in the middle of a rectangle.
func middle(r image.Rectangle) image.Rectangle {
	side := min(r.Dx(), r.Dy())
	at := r.Min.Add(image.Pt((r.Dx()-side)/2, (r.Dy()-side)/2))
	return image.Rectangle{at, at.Add(image.Pt(side, side))}
}

// shrunk gives the middle of a photo on white, made smaller by a whole number so that its side is less than twice that of the
// greatest picture: each point is the mean of as many on a side. Going strip by strip, it takes little memory, and leaves to
// draw what it knows best: how each kind of picture has its points.
func shrunk(ctx context.Context, source image.Image) (*image.RGBA, error) {
	within := middle(source.Bounds())
	by := max(1, within.Dx()/Sizes[0])
	side := within.Dx() / by
	out := image.NewRGBA(image.Rect(0, 0, side, side))
	strip := image.NewRGBA(image.Rect(0, 0, side*by, by))
	for y := range side {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		draw.Draw(strip, strip.Rect, image.White, image.Point{}, draw.Src) // behind what is transparent
		draw.Draw(strip, strip.Rect, source, within.Min.Add(image.Pt(0, y*by)), draw.Over)
		for x := range side {
			out.SetRGBA(x, y, mean(strip, x*by, by))
		}
	}
	return out, nil
}

// mean is the colour of a square within a strip that is as high.
func mean(strip *image.RGBA, x, side int) color.RGBA {
	var r, g, b int
	for y := range side {
		row := strip.Pix[y*strip.Stride+4*x:][:4*side]
		for ; len(row) >= 4; row = row[4:] {
			r, g, b = r+int(row[0]), g+int(row[1]), b+int(row[2])
		}
	}
	n := side * side
	return color.RGBA{uint8((r + n/2) / n), uint8((g + n/2) / n), uint8((b + n/2) / n), 255}
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
