package portrait_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/internal/portrait"
)

// quarters is a picture with a colour in each quarter: red and green above, blue and black below.
func quarters(w, h int) *image.NRGBA {
	p := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			p.Set(x, y, [2][2]color.NRGBA{{red, green}, {blue, black}}[2*y/h][2*x/w])
		}
	}
	return p
}

var (
	red   = color.NRGBA{255, 0, 0, 255}
	green = color.NRGBA{0, 255, 0, 255}
	blue  = color.NRGBA{0, 0, 255, 255}
	black = color.NRGBA{0, 0, 0, 255}
)

func asJPEG(t testing.TB, p image.Image) []byte {
	var b bytes.Buffer
	require.NoError(t, jpeg.Encode(&b, p, &jpeg.Options{Quality: 95}))
	return b.Bytes()
}

func asPNG(t testing.TB, p image.Image) []byte {
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, p))
	return b.Bytes()
}

// held puts Exif data behind the first two bytes of a JPEG: where a camera was, and how it was held.
func held(photo []byte, order binary.AppendByteOrder, orientation uint16) []byte {
	mark := "II*\x00"
	if order == binary.AppendByteOrder(binary.BigEndian) {
		mark = "MM\x00*"
	}
	exif := append([]byte("Exif\x00\x00"), mark...)
	exif = order.AppendUint32(exif, 8)
	exif = order.AppendUint16(exif, 2)
	exif = order.AppendUint16(exif, 0x010F) // the camera's maker
	exif = order.AppendUint16(exif, 2)
	exif = order.AppendUint32(exif, 4)
	exif = append(exif, "GPS\x00"...)
	exif = order.AppendUint16(exif, 0x0112)
	exif = order.AppendUint16(exif, 3)
	exif = order.AppendUint32(exif, 1)
	exif = order.AppendUint16(exif, orientation)
	exif = append(exif, 0, 0, 0, 0, 0, 0)
	out := append([]byte{}, photo[:2]...)
	out = append(out, 0xFF, 0xE1)
	out = binary.BigEndian.AppendUint16(out, uint16(len(exif)+2))
	return append(append(out, exif...), photo[2:]...)
}

func shown(t testing.TB, b []byte) image.Image {
	t.Helper()
	p, err := jpeg.Decode(bytes.NewReader(b))
	require.NoError(t, err)
	return p
}

// corner names the colour that a quarter of a picture has.
func corner(p image.Image, right, below bool) string {
	at := [2]int{p.Bounds().Dx() / 4, p.Bounds().Dy() / 4}
	if right {
		at[0] *= 3
	}
	if below {
		at[1] *= 3
	}
	r, g, b, _ := p.At(at[0], at[1]).RGBA()
	switch {
	case r > 0x8000:
		return "red"
	case g > 0x8000:
		return "green"
	case b > 0x8000:
		return "blue"
	}
	return "black"
}

func corners(p image.Image) [4]string {
	return [4]string{corner(p, false, false), corner(p, true, false), corner(p, false, true), corner(p, true, true)}
}

func TestAPhotoBecomesSquarePicturesOfTheStandardSizes(t *testing.T) {
	large := quarters(1500, 1300)
	fine, few := image.NewNRGBA64(large.Rect), image.NewPaletted(large.Rect, color.Palette{red, green, blue, black})
	draw.Draw(fine, fine.Rect, large, image.Point{}, draw.Src)
	draw.Draw(few, few.Rect, large, image.Point{}, draw.Src)
	for name, photo := range map[string][]byte{"jpeg": asJPEG(t, quarters(1200, 700)), "png": asPNG(t, quarters(1200, 700)),
		"large jpeg": asJPEG(t, large), "large png": asPNG(t, large), "16 bits": asPNG(t, fine), "palette": asPNG(t, few)} {
		pictures, err := portrait.Make(t.Context(), photo)
		require.NoError(t, err, name)
		require.Len(t, pictures, len(portrait.Sizes))
		for side, b := range pictures {
			p := shown(t, b)
			require.Equal(t, image.Pt(side, side), p.Bounds().Size())
			require.Equal(t, [4]string{"red", "green", "blue", "black"}, corners(p), "%s: the middle of the photo", name)
		}
	}
}

func TestAPhotoIsNotMadeGreaterThanItIs(t *testing.T) {
	pictures, err := portrait.Make(t.Context(), asPNG(t, quarters(300, 240)))
	require.NoError(t, err)
	require.Len(t, pictures, 3)
	require.Contains(t, pictures, 240)
	pictures, err = portrait.Make(t.Context(), asPNG(t, quarters(48, 48)))
	require.NoError(t, err)
	require.Len(t, pictures, 1)
}

func TestAPhotoIsTurnedTheWayTheCameraWasHeld(t *testing.T) {
	// What is above on the left, above on the right, below on the left, below on the right, by CIPA DC-008: where the
	// first row and the first column of what is stored are to be seen.
	want := map[uint16][4]string{
		1: {"red", "green", "blue", "black"}, // row above, column on the left
		2: {"green", "red", "black", "blue"}, // above, right
		3: {"black", "blue", "green", "red"}, // below, right
		4: {"blue", "black", "red", "green"}, // below, left
		5: {"red", "blue", "green", "black"}, // left, above
		6: {"blue", "red", "black", "green"}, // right, above
		7: {"black", "green", "blue", "red"}, // right, below
		8: {"green", "black", "red", "blue"}, // left, below
		0: {"red", "green", "blue", "black"}, // not one that there is
		9: {"red", "green", "blue", "black"},
	}
	for orientation, corner := range want {
		for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
			pictures, err := portrait.Make(t.Context(), held(asJPEG(t, quarters(300, 300)), order, orientation))
			require.NoError(t, err)
			for _, b := range pictures {
				require.Equal(t, corner, corners(shown(t, b)), "orientation %d", orientation)
			}
		}
	}
}

func TestNothingOfTheFileItselfIsKept(t *testing.T) {
	photo := held(asJPEG(t, quarters(300, 300)), binary.LittleEndian, 1)
	photo = append(photo, "<script>alert(1)</script>"...)
	pictures, err := portrait.Make(t.Context(), photo)
	require.NoError(t, err)
	for _, b := range pictures {
		for _, left := range []string{"Exif", "GPS", "script"} {
			require.NotContains(t, string(b), left)
		}
	}
}

func TestWhatIsTransparentBecomesWhite(t *testing.T) {
	pictures, err := portrait.Make(t.Context(), asPNG(t, image.NewNRGBA(image.Rect(0, 0, 64, 64))))
	require.NoError(t, err)
	r, g, b, _ := shown(t, pictures[48]).At(24, 24).RGBA()
	require.Greater(t, min(r, g, b), uint32(0xF000))
}

// withSides makes a PNG claim sides which it does not have: a few bytes that would be decoded into gigabytes.
func withSides(b []byte, w, h uint32) []byte {
	binary.BigEndian.PutUint32(b[16:], w)
	binary.BigEndian.PutUint32(b[20:], h)
	binary.BigEndian.PutUint32(b[29:], crc32.ChecksumIEEE(b[12:29]))
	return b
}

func TestAPhotoBeyondTheLimitsIsRefusedWithWhatWouldBeRight(t *testing.T) {
	scans := asJPEG(t, quarters(64, 64))
	scans = append(scans[:len(scans)-2], bytes.Repeat([]byte("\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"), 65)...)
	for problem, photo := range map[string][]byte{
		"less than 4 MB":               append(asJPEG(t, quarters(64, 64)), make([]byte, portrait.MaxBytes)...),
		"neither JPEG nor PNG":         []byte("GIF89a"),
		"neither":                      nil,
		"at least 48 by 48":            asPNG(t, quarters(200, 47)),
		"10001 by 48":                  asJPEG(t, quarters(10_001, 48)),
		"24 million":                   asJPEG(t, image.NewGray(image.Rect(0, 0, 5000, 4801))),
		"66 scans; want at most 3":     scans,
		"40 scans; want at most 32":    progressed(40),
		"takes 96 MiB to decode; want": flatJPEG("CMYK", progressive, 2048, 2049, 0x11, 0x11, 0x11, 0x11),
		"is damaged":                   asJPEG(t, quarters(64, 64))[:100],
	} {
		pictures, err := portrait.Make(t.Context(), photo)
		var wrong *portrait.Error
		require.ErrorAs(t, err, &wrong, problem)
		require.Contains(t, wrong.Problem, problem)
		require.Nil(t, pictures)
	}
	for _, bomb := range [][]byte{withSides(asPNG(t, quarters(48, 48)), 1<<20, 1<<20), withSides(asPNG(t, quarters(48, 48)), 9999, 9999)} {
		_, err := portrait.Make(t.Context(), bomb)
		require.ErrorContains(t, err, "want at most 24 million")
		require.LessOrEqual(t, testing.AllocsPerRun(1, func() { _, _ = portrait.Make(context.Background(), bomb) }), 100.0)
	}
}

func TestWhoStopsWaitingGetsTheReason(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	photo := asPNG(t, quarters(64, 64))
	for range 50 { // of two that are ready, one is chosen at random
		if _, err := portrait.Make(ctx, photo); err != nil {
			require.ErrorIs(t, err, context.Canceled)
			return
		}
	}
	require.Fail(t, "a request that ended was served")
}

func FuzzMake(f *testing.F) {
	small := quarters(48, 48)
	f.Add(asPNG(f, small))
	f.Add(asJPEG(f, small))
	f.Add(held(asJPEG(f, small), binary.LittleEndian, 6))
	f.Add(held(asJPEG(f, small), binary.BigEndian, 3))
	f.Fuzz(func(t *testing.T, photo []byte) {
		if c, _, err := image.DecodeConfig(bytes.NewReader(photo)); err == nil && c.Width*c.Height > 1<<20 {
			return // within the limits, but slow to try many of
		}
		pictures, err := portrait.Make(t.Context(), photo)
		if err != nil {
			require.True(t, errors.As(err, new(*portrait.Error)), "%v", err)
			return
		}
		require.NotEmpty(t, pictures)
		for side, b := range pictures {
			c, err := jpeg.DecodeConfig(bytes.NewReader(b))
			require.NoError(t, err)
			require.Equal(t, [2]int{side, side}, [2]int{c.Width, c.Height})
		}
	})
}
