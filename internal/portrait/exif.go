package portrait

import (
	"bytes"
	"encoding/binary"
)

// orientation reads how the camera was held from a JPEG's Exif data (CIPA DC-008, tag 0x0112): 1 to 8, and 1 where nothing
// is said or what is said is damaged. It looks at no more than the segments before the picture.
func orientation(photo []byte) int {
	for marker, b := range segments(photo) {
		if marker == startOfScan {
			break
		}
		if exif, ok := bytes.CutPrefix(b, []byte("Exif\x00\x00")); ok && marker == app1 {
			return inTIFF(exif)
		}
	}
	return 1
}

// inTIFF reads the orientation in the first directory of a TIFF file.
func inTIFF(b []byte) int {
	const tag, short = 0x0112, 3
	var order binary.ByteOrder = binary.BigEndian
	if bytes.HasPrefix(b, []byte("II*\x00")) {
		order = binary.LittleEndian
	} else if !bytes.HasPrefix(b, []byte("MM\x00*")) {
		return 1
	}
	if len(b) < 8 {
		return 1
	}
	at := uint64(order.Uint32(b[4:]))
	if at+2 > uint64(len(b)) {
		return 1
	}
	entries := b[at+2:]
	for range order.Uint16(b[at:]) {
		if len(entries) < 12 {
			return 1
		}
		if order.Uint16(entries) == tag && order.Uint16(entries[2:]) == short {
			if o := int(order.Uint16(entries[8:])); o >= 1 && o <= 8 {
				return o
			}
			return 1
		}
		entries = entries[12:]
	}
	return 1
}
