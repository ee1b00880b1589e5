// Package problem answers HTTP requests with this library's refusals and errors, so that every host answers
// alike: a status, a problem document (RFC 9457), and for stronger or fresher proof the step-up challenge
// of RFC 9470.
//
// A wrong password or code is a 401 where it was to sign somebody in, and a 403 for whoever is signed in, since a client
// takes a 401 for the end of its session. That a sign-in is locked is told like a wrong password, so that nobody learns
// which accounts there are; everybody else who tries too often gets a 429 that says when to come back.
//
// Call [Write] with the error of an operation:
//
//	if err := app.Devices.Disable(ctx, actor, id, yes); err != nil {
//		problem.Write(w, err)
//		return
//	}
package problem

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/password"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/store"
)

// Details is a problem document.
type Details struct {
	// Type is a URI that is stable for each kind of problem: "urn:myaccount:" and a reason's code, or one
	// of "invalid", "conflict", "unavailable" and "internal".
	Type string `json:"type"`
	// Title is the same for all problems of a type.
	Title  string `json:"title"`
	Status int    `json:"status"`
	// Detail is for the person: what is wrong and what helps.
	Detail string `json:"detail,omitempty"`

	// Field is the argument that is malformed; the first, if there are several.
	Field string `json:"field,omitempty"`
	// Invalid are all arguments that are malformed, for forms that have names of their own for them.
	Invalid policy.Invalids `json:"invalid,omitempty"`
	// Problems are what is wrong with a new password, for hosts that say it themselves.
	Problems []password.Problem `json:"problems,omitempty"`
	// Decision carries a refusal with its reason, remedy and parameters.
	Decision *policy.Decision `json:"decision,omitempty"`
	// Preview and Confirm are what to show and what to send back if only a confirmation is missing.
	Preview *policy.Preview     `json:"preview,omitempty"`
	Confirm policy.Confirmation `json:"confirm,omitempty"`

	class policy.Class
	wait  time.Duration // before it may be tried again
	until time.Time     // when a throttled action may be tried again
	level policy.Level
	age   time.Duration
}

// ContentType is the media type of a problem document.
const ContentType = "application/problem+json"

// busyFor is how long it takes, about, until all passwords are hashed that wait.
const busyFor = 5 * time.Second

// Of gives the problem document for an error of this library. Errors of the infrastructure become a
// status of 500 or 503 that tells nothing of their text: log them, do not show them. A nil error is a
// mistake of the caller and gives 500.
func Of(err error) Details {
	var denied *policy.Denied
	var invalid *policy.Invalid
	switch {
	case errors.As(err, &denied):
		return ofDenied(denied)
	case errors.As(err, &invalid):
		return ofInvalid(invalid, err)
	case errors.Is(err, store.ErrNotFound):
		return Details{Type: "urn:myaccount:not-found", Title: "Not found", Status: http.StatusNotFound}
	case errors.Is(err, store.ErrConflict):
		return Details{Type: "urn:myaccount:conflict", Title: "Changed meanwhile", Status: http.StatusConflict,
			Detail: "Somebody else changed this at the same time. Look again and retry."}
	case errors.Is(err, secret.ErrBusy):
		return Details{Type: "urn:myaccount:unavailable", Title: "Not available", Status: http.StatusServiceUnavailable,
			Detail: "Too many people are signing in at this moment. Try again in some seconds.", wait: busyFor}
	case errors.Is(err, password.ErrUnchecked):
		return Details{Type: "urn:myaccount:unavailable", Title: "Not available", Status: http.StatusServiceUnavailable,
			Detail: "Your new password could not be checked now. Try again later."}
	case errors.Is(err, challenge.ErrNotSent):
		return Details{Type: "urn:myaccount:not-sent", Title: "Not sent", Status: http.StatusServiceUnavailable,
			Detail: "Not everything could be sent to you. Ask for it again."}
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return Details{Type: "urn:myaccount:unavailable", Title: "Not available", Status: http.StatusServiceUnavailable,
			Detail: "This took too long. Try again."}
	}
	return Details{Type: "urn:myaccount:internal", Title: "Internal error", Status: http.StatusInternalServerError}
}

func ofInvalid(invalid *policy.Invalid, err error) Details {
	all := policy.Invalids{invalid}
	_ = errors.As(err, &all) // else it is the only one
	p := Details{Type: "urn:myaccount:invalid", Title: "Invalid input", Status: http.StatusBadRequest,
		Detail: all.Error(), Field: invalid.Field, Invalid: all}
	var no *password.Unacceptable
	if errors.As(err, &no) {
		p.Problems = no.Problems
	}
	return p
}

func ofDenied(d *policy.Denied) Details {
	p := Details{Type: "urn:myaccount:" + string(d.Reason().Code), Title: "Refused", Status: Status(d.Reason()),
		Detail: d.Message(), Decision: &d.Decision, Preview: d.Preview, Confirm: d.Confirm, class: d.Reason().Class, until: d.Reason().Until}
	if d.Reason().Class == policy.ClassProof {
		p.level, p.age = d.Reason().Level, d.Reason().MaxAge
	}
	return p
}

// Status is the HTTP status of a refusal.
func Status(r policy.Reason) int {
	switch r.Class {
	case policy.ClassNotAdmitted, policy.ClassWrongCredentials:
		if r.Remedy == policy.SignIn {
			return http.StatusUnauthorized
		}
		return http.StatusForbidden
	case policy.ClassNotFound:
		return http.StatusNotFound
	case policy.ClassState:
		return http.StatusConflict
	case policy.ClassThrottled:
		return http.StatusTooManyRequests
	case policy.ClassProof:
		return http.StatusUnauthorized
	case policy.ClassConfirmation:
		return http.StatusPreconditionRequired
	}
	return http.StatusForbidden
}

// Write answers a request with an error of this library: the problem document, never cached, with
// Retry-After for a throttled action and for too many at once and WWW-Authenticate where signing in or stepping up helps.
func Write(w http.ResponseWriter, err error) { WriteAt(w, err, time.Now()) } //nolint:forbidigo // a response's own clock

// WriteAt is [Write] at a given time, which Retry-After counts from.
func WriteAt(w http.ResponseWriter, err error, now time.Time) {
	p := Of(err)
	body, marshalErr := json.Marshal(p)
	if marshalErr != nil { // only strings and numbers are in it, so this is a mistake of this package
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", ContentType)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if challenge := p.challenge(); challenge != "" {
		h.Set("WWW-Authenticate", challenge)
	}
	if !p.until.IsZero() {
		p.wait = max(time.Second, p.until.Sub(now))
	}
	if p.wait > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(p.wait.Seconds()))))
	}
	w.WriteHeader(p.Status)
	_, _ = w.Write(body) // a client that hung up is told nothing
}

// challenge is the WWW-Authenticate of a 401: RFC 9470's for proof, RFC 6750's otherwise. RFC 9110 wants one, and of all
// schemes none but Basic, Digest and those of Windows make a browser ask for a password in a dialog of its own. A wrong
// password came with no token that could be invalid, so that its challenge has no error.
func (p Details) challenge() string {
	switch {
	case p.Status != http.StatusUnauthorized:
		return ""
	case p.class == policy.ClassWrongCredentials:
		return "Bearer"
	case p.level == policy.AAL0:
		return `Bearer error="invalid_token"`
	case p.age == 0:
		return fmt.Sprintf(`Bearer error="insufficient_user_authentication", acr_values="%s"`, p.level)
	}
	return fmt.Sprintf(`Bearer error="insufficient_user_authentication", acr_values="%s", max_age="%d"`, p.level, int(p.age.Seconds()))
}
