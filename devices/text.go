package devices

// The texts of the enumerations, for print and JSON.

// String is the name, such as "mine".
func (r Recognition) String() string { return recognitionNames.Text(r) }

// MarshalText writes the name.
func (r Recognition) MarshalText() ([]byte, error) { return recognitionNames.Marshal(r) }

// UnmarshalText reads a name.
func (r *Recognition) UnmarshalText(b []byte) (err error) {
	*r, err = recognitionNames.Unmarshal(b)
	return err
}

// String is the name, such as "hybrid-joined".
func (j JoinType) String() string { return joinNames.Text(j) }

// MarshalText writes the name.
func (j JoinType) MarshalText() ([]byte, error) { return joinNames.Marshal(j) }

// UnmarshalText reads a name.
func (j *JoinType) UnmarshalText(b []byte) (err error) { *j, err = joinNames.Unmarshal(b); return err }

// String is the name, such as "printer".
func (p Profile) String() string { return profileNames.Text(p) }

// MarshalText writes the name.
func (p Profile) MarshalText() ([]byte, error) { return profileNames.Marshal(p) }

// UnmarshalText reads a name.
func (p *Profile) UnmarshalText(b []byte) (err error) {
	*p, err = profileNames.Unmarshal(b)
	return err
}

// String is the name, such as "yes".
func (a Answer) String() string { return answerNames.Text(a) }

// MarshalText writes the name.
func (a Answer) MarshalText() ([]byte, error) { return answerNames.Marshal(a) }

// UnmarshalText reads a name.
func (a *Answer) UnmarshalText(b []byte) (err error) { *a, err = answerNames.Unmarshal(b); return err }

// String is the name, such as "enabled".
func (s State) String() string { return stateNames.Text(s) }

// MarshalText writes the name.
func (s State) MarshalText() ([]byte, error) { return stateNames.Marshal(s) }

// UnmarshalText reads a name.
func (s *State) UnmarshalText(b []byte) (err error) { *s, err = stateNames.Unmarshal(b); return err }

// String is the name, such as "fixed-data".
func (v Volume) String() string { return volumeNames.Text(v) }

// MarshalText writes the name.
func (v Volume) MarshalText() ([]byte, error) { return volumeNames.Marshal(v) }

// UnmarshalText reads a name.
func (v *Volume) UnmarshalText(b []byte) (err error) { *v, err = volumeNames.Unmarshal(b); return err }
