package portrait

import (
	"encoding/binary"
	"iter"
)

// Markers of a JPEG's segments (ITU-T T.81, table B.1).
const (
	baseline    = 0xC0
	progressive = 0xC2
	restart0    = 0xD0
	restart7    = 0xD7
	endOfImage  = 0xD9
	startOfScan = 0xDA
	app1        = 0xE1
	app14       = 0xEE
)

// segments gives the marker and the content of each segment of a JPEG. It goes over what is between them as a decoder does,
// so that no decoder finds a scan which is not among them.
func segments(photo []byte) iter.Seq2[byte, []byte] {
	return func(yield func(byte, []byte) bool) {
		for rest := photo[2:]; ; {
			for len(rest) > 0 && rest[0] != 0xFF {
				rest = rest[1:]
			}
			if len(rest) < 4 {
				return
			}
			rest = rest[1:]
			switch marker := rest[0]; {
			case marker == endOfImage:
				return
			case marker == 0xFF: // fills up before a marker
				continue
			case marker == 0, restart0 <= marker && marker <= restart7: // within a scan
				rest = rest[1:]
				continue
			}
			size := int(binary.BigEndian.Uint16(rest[1:]))
			if size < 2 || size > len(rest)-1 || !yield(rest[0], rest[3:1+size]) {
				return
			}
			rest = rest[1+size:]
		}
	}
}
