package portrait_test

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/binary"
	"hash/crc32"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed4b20689c/myaccount/internal/portrait"
)

// Kinds of JPEG.
const (
	baseline    = 0xC0
	progressive = 0xC2
)

// flatJPEG is a JPEG of one colour, in as few bytes as there can be: a bit or two for each block. Its components have the
// names that the colours have, and the sampling that is given.
func flatJPEG(colours string, kind byte, w, h int, sampling ...byte) []byte {
	b := []byte("\xff\xd8")
	if len(sampling) == 4 {
		b = append(b, "\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00"...)
	}
	b = append(append(b, "\xff\xdb\x00\x43\x00"...), bytes.Repeat([]byte{1}, 64)...)
	b = append(b, 0xFF, kind, 0, byte(8+3*len(sampling)), 8, byte(h>>8), byte(h), byte(w>>8), byte(w), byte(len(sampling)))
	for i, s := range sampling {
		b = append(b, colours[i], s, 0)
	}
	for _, table := range []byte{0x00, 0x10} { // of one code, 0, for a zero
		b = append(append(b, 0xFF, 0xC4, 0, 20, table, 1), make([]byte, 15+1)...)
	}
	b = scanned(b, colours[:len(sampling)], kind)
	b = append(b, make([]byte, (w+31)*(h+31)/64*len(sampling)/4)...)
	return append(b, 0xFF, 0xD9)
}

// scanned begins a scan of all components.
func scanned(b []byte, colours string, kind byte) []byte {
	b = append(b, 0xFF, 0xDA, 0, byte(6+2*len(colours)), byte(len(colours)))
	for _, c := range []byte(colours) {
		b = append(b, c, 0)
	}
	if kind == progressive {
		return append(b, 0, 0, 0)
	}
	return append(b, 0, 63, 0)
}

// progressed is a progressive JPEG of as many scans.
func progressed(scans int) []byte {
	b := flatJPEG("Y", progressive, 64, 64, 0x11)
	b = b[:len(b)-2]
	for range scans - 1 {
		b = append(scanned(b, "Y", progressive), make([]byte, 8)...)
	}
	return append(b, 0xFF, 0xD9)
}

// flatPNG is a PNG of zeros only. Each has a transparent colour, if there can be one.
func flatPNG(t testing.TB, depth, colours, interlaced byte, w, h int) []byte {
	var b, data bytes.Buffer
	chunk := func(name string, content []byte) {
		require.NoError(t, binary.Write(&b, binary.BigEndian, uint32(len(content))))
		b.WriteString(name)
		b.Write(content)
		require.NoError(t, binary.Write(&b, binary.BigEndian, crc32.ChecksumIEEE(b.Bytes()[b.Len()-len(content)-4:])))
	}
	b.WriteString("\x89PNG\r\n\x1a\n")
	header := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(w)), uint32(h))
	chunk("IHDR", append(header, depth, colours, 0, 0, interlaced))
	switch colours {
	case 0:
		chunk("tRNS", make([]byte, 2))
	case 2:
		chunk("tRNS", make([]byte, 6))
	case 3:
		chunk("PLTE", make([]byte, 3))
	}
	bits := int(depth) * [...]int{1, 0, 3, 1, 2, 0, 4}[colours]
	z, err := zlib.NewWriterLevel(&data, zlib.BestSpeed)
	require.NoError(t, err)
	pass := func(w, h int) {
		row := make([]byte, 1+(w*bits+7)/8)
		for range h {
			_, err := z.Write(row)
			require.NoError(t, err)
		}
	}
	if interlaced == 0 {
		pass(w, h)
	} else {
		for _, p := range [][4]int{{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}} {
			pass((w-p[0]+p[2]-1)/p[2], (h-p[1]+p[3]-1)/p[3])
		}
	}
	require.NoError(t, z.Close())
	chunk("IDAT", data.Bytes())
	chunk("IEND", nil)
	return b.Bytes()
}

func TestScansAreCountedAsADecoderFindsThem(t *testing.T) {
	many := progressed(40)
	thumbnail := append(binary.BigEndian.AppendUint16([]byte("\xff\xd8\xff\xe1"), uint16(len(many)+2)), many...)
	_, err := portrait.Make(t.Context(), slices.Concat(thumbnail, progressed(32)[2:], many))
	require.NoError(t, err, "what is beside the photo is not decoded")
	filled := bytes.ReplaceAll(progressed(33), []byte("\xff\xda"), []byte("\xff\x00\xff\xd0\xff\xff\xff\xda"))
	_, err = portrait.Make(t.Context(), filled)
	require.ErrorContains(t, err, "has 33 scans")
}

// taken is how many bytes are allocated for a photo.
func taken(photo []byte) (bytes uint64, err error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err = portrait.Make(context.Background(), photo)
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc, err
}

// Each is as great as it may be for what it is; where a side is 1295, what is made of the decoded photo takes most.
func TestAPhotoTakesNoMoreMemoryThanIsSaidWhateverItIs(t *testing.T) {
	for name, photo := range map[string][]byte{
		"fewer colours":            flatJPEG("YBR", baseline, 6000, 4000/lower, 0x22, 0x11, 0x11),
		"red, green and blue":      flatJPEG("RGB", baseline, 1295, 10_000/lower, 0x11, 0x11, 0x11),
		"fewer colours in scans":   flatJPEG("YBR", progressive, 1295, 10_000/lower, 0x22, 0x11, 0x11),
		"four inks in scans":       flatJPEG("CMYK", progressive, 1295, 3200/lower, 0x11, 0x11, 0x11, 0x11),
		"fewer inks in scans":      flatJPEG("CMYK", progressive, 1295, 4300/lower, 0x22, 0x11, 0x11, 0x22),
		"two shades":               flatPNG(t, 1, 0, 0, 4898, 4898/lower),
		"transparent":              flatPNG(t, 8, 6, 0, 4898, 4898/lower),
		"interlaced":               flatPNG(t, 8, 6, 1, 1295, 9600/lower),
		"many shades":              flatPNG(t, 16, 0, 0, 1295, 9600/lower),
		"many colours, interlaced": flatPNG(t, 16, 2, 1, 1295, 4800/lower),
	} {
		bytes, err := taken(photo)
		require.NoError(t, err, name)
		require.LessOrEqual(t, bytes, uint64(portrait.MaxMemory), name)
	}
}

func TestWhatWouldTakeTooMuchIsRefusedBeforeItTakesAny(t *testing.T) {
	for name, photo := range map[string][]byte{
		"all its colours":          flatJPEG("RGB", baseline, 4000, 4000, 0x11, 0x11, 0x11),
		"in scans":                 flatJPEG("YBR", progressive, 1295, 5200, 0x11, 0x11, 0x11),
		"fewer colours in scans":   flatJPEG("YBR", progressive, 3700, 3700, 0x22, 0x11, 0x11),
		"four inks":                flatJPEG("CMYK", baseline, 3600, 3600, 0x11, 0x11, 0x11, 0x11),
		"four inks in scans":       flatJPEG("CMYK", progressive, 4898, 4898, 0x11, 0x11, 0x11, 0x11),
		"interlaced":               withSides(flatPNG(t, 8, 6, 1, 64, 64), 1295, 9800),
		"many shades":              withSides(flatPNG(t, 16, 0, 0, 64, 64), 1295, 9800),
		"many colours, interlaced": withSides(flatPNG(t, 16, 2, 1, 64, 64), 1295, 4900),
	} {
		bytes, err := taken(photo)
		require.ErrorAs(t, err, new(*portrait.Error), name)
		require.ErrorContains(t, err, "MiB to decode; want at most 96", name)
		require.Less(t, bytes, uint64(1<<20), name)
	}
}

func TestAHeaderAloneTakesNoMemory(t *testing.T) {
	for _, photo := range [][]byte{
		flatJPEG("Y", baseline, 4898, 4898, 0x11), flatJPEG("CMYK", progressive, 2000, 2000, 0x11, 0x11, 0x11, 0x11),
		withSides(flatPNG(t, 8, 6, 0, 64, 64), 4898, 4898), withSides(flatPNG(t, 16, 0, 0, 64, 64), 3000, 4000),
	} {
		bytes, err := taken(photo[:min(len(photo), 700)])
		require.ErrorContains(t, err, "is damaged: it ends too early")
		require.Less(t, bytes, uint64(1<<20))
	}
}

// leaving is a context of somebody who leaves once it was looked at so many times.
type leaving struct {
	context.Context
	looks atomic.Int64
	after int64
}

func (l *leaving) Err() error {
	if l.looks.Add(1) > l.after {
		return context.Canceled
	}
	return nil
}

func TestNobodyIsServedWhoHasLeftHoweverFarItWas(t *testing.T) {
	for name, photo := range map[string][]byte{
		"jpeg":     flatJPEG("YBR", baseline, 1300, 1296/lower, 0x11, 0x11, 0x11),
		"in scans": progressed(30),
		"png":      flatPNG(t, 8, 6, 0, 1300, 1296/lower),
	} {
		all := &leaving{Context: t.Context(), after: 1 << 40}
		_, err := portrait.Make(all, photo)
		require.NoError(t, err)
		looks := all.looks.Load()
		require.Greater(t, looks, int64(len(photo)/64), "%s: between a few bytes, and as often in what follows", name)
		for after := int64(0); after < looks; after += max(1, looks/20) {
			_, err := portrait.Make(&leaving{Context: t.Context(), after: after}, photo)
			require.ErrorIs(t, err, context.Canceled, "%s: after %d of %d", name, after, looks)
		}
	}
}
