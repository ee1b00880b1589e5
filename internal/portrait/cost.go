package portrait

// cost is what decoding a file will take, as its header tells. An attacker's file is small, and its header large.
type cost struct {
	memory int // in bytes
	least  int // bytes that a file of as many points has, unless it was cut off
	// scans are how often a decoder goes over the whole picture, and maxScans how often it may.
	scans, maxScans int
}

// ofJPEG reads the cost of a JPEG from its segments. A decoder makes planes of whole blocks (8 by 8 points), keeps all
// coefficients, of 4 bytes, between the scans of a progressive one, and makes a picture of 4 bytes a point besides of what is
// in colours other than brightness and two differences.
func ofJPEG(photo []byte, width, height int) (c cost) {
	var frame []byte
	var kept, others bool
	for marker, b := range segments(photo) {
		switch {
		case marker == startOfScan:
			c.scans++
		case marker == app14 && len(b) >= 12 && string(b[:5]) == "Adobe":
			others = others || b[11] == 0
		case baseline <= marker && marker <= progressive && frame == nil:
			frame, kept = b, marker == progressive
		}
	}
	if len(frame) < 9 || len(frame) != 6+3*int(frame[5]) {
		return c // no decoder takes it
	}
	parts := frame[6:] // three bytes for each component: its name, its blocks across and down in a unit, its table
	c.maxScans = len(parts) / 3
	switch c.maxScans {
	case 1:
		parts = []byte{parts[0], 0x11, parts[2]} // one that is alone has one block, whatever it says
	case 3:
		others = others || string([]byte{parts[0], parts[3], parts[6]}) == "RGB"
	case 4:
		others = true
	}
	across, down := 8*max(1, int(parts[1]>>4)), 8*max(1, int(parts[1]&15))
	units := (width + across - 1) / across * ((height + down - 1) / down)
	blocks := 0
	for ; len(parts) > 0; parts = parts[3:] {
		blocks += units * int(parts[1]>>4) * int(parts[1]&15)
	}
	c.memory, c.least = 64*blocks, blocks/16 // a block has a bit at least, and those beyond the sides may be left out
	if kept {
		c.memory, c.maxScans = 5*c.memory, maxScans
	}
	if others {
		c.memory += 4 * width * height
	}
	return c
}

// ofPNG reads the cost of a PNG from its header. A decoder makes a picture of 1, 4 or 8 bytes a point, and one of each pass of
// an interlaced one besides, which have as many points again.
func ofPNG(photo []byte, width, height int) (c cost) {
	const paletted, interlaced = 3, 1
	depth, colours, passes := int(photo[24]), photo[25], photo[28]
	channels := [...]int{0: 1, 2: 3, paletted: 1, 4: 2, 6: 4}[colours]
	switch points := width * height; {
	case depth == 16:
		c.memory = 8 * points
	case colours == paletted:
		c.memory = points
	default: // grey ones too, as one of the shades may be transparent
		c.memory = 4 * points
	}
	if passes == interlaced {
		c.memory *= 2
	}
	c.least = width * height * depth * channels / 8 / 1032 // nothing is deflated by more
	return c
}
