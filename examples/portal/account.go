package main

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/seed4b20689c/myaccount/account"
	"github.com/seed4b20689c/myaccount/challenge"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
	"github.com/seed4b20689c/myaccount/store"
)

// onProfile is a profile, its fields sorted by what can be done to them.
type onProfile struct {
	account.ProfileView
	Open, Closed []account.Field
	Photo        *account.Field // nil if there is none to be seen
}

func (p *portal) profile(r *http.Request, me policy.Actor) (any, error) {
	view, err := p.app.Account.Profile(r.Context(), me)
	out := onProfile{ProfileView: view}
	for _, f := range view.Fields {
		switch {
		case f.Input == account.FileInput:
			out.Photo = &f
		case f.Edit.Allowed:
			out.Open = append(out.Open, f)
		default:
			out.Closed = append(out.Closed, f)
		}
	}
	return out, err
}

// saveProfile sends all that the form has: what stayed as it is may be sent even where it may not be changed.
func (p *portal) saveProfile(r *http.Request, me policy.Actor) error {
	seen, err := strconv.ParseUint(r.PostFormValue("revision"), 10, 64)
	if err != nil {
		return &policy.Invalid{Field: "revision", Problem: "is no number; open the page again"}
	}
	update := account.ProfileUpdate{Revision: store.Revision(seen), Set: make(map[account.Attribute]string)}
	for name := range r.PostForm {
		if attribute, ok := strings.CutPrefix(name, "set."); ok {
			update.Set[account.Attribute(attribute)] = r.PostForm.Get(name)
		}
	}
	return p.app.Account.UpdateProfile(r.Context(), me, update)
}

func (p *portal) savePhoto(r *http.Request, me policy.Actor) error {
	sent, _, err := r.FormFile("photo")
	if errors.Is(err, http.ErrMissingFile) || errors.Is(err, http.ErrNotMultipart) {
		return &policy.Invalid{Field: "photo", Problem: "is missing; choose a JPEG or PNG file"}
	} else if err != nil {
		return err
	}
	photo, err := io.ReadAll(sent)
	if err != nil {
		return err
	}
	return p.app.Account.SetPhoto(r.Context(), me, photo)
}

func (p *portal) removePhoto(r *http.Request, me policy.Actor) error {
	return p.app.Account.RemovePhoto(r.Context(), me)
}

// photo serves the picture itself.
func (p *portal) photo(w http.ResponseWriter, r *http.Request) {
	me, err := p.actor(r)
	if err != nil {
		http.Error(w, http.StatusText(http.StatusUnauthorized), http.StatusUnauthorized)
		return
	}
	picture, err := p.app.Account.Photo(r.Context(), me, 96)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "image/jpeg")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(picture.JPEG))
}

// changing is a change of an address that waits for its code.
type changing struct {
	ID  challenge.ID
	New string
}

func (p *portal) changeEmail(r *http.Request, me policy.Actor) (any, error) {
	fresh := r.PostFormValue("new")
	id, err := p.app.Account.ChangeEmail(r.Context(), me, r.PostFormValue("old"), fresh)
	return changing{id, fresh}, err
}

func (p *portal) confirmEmail(r *http.Request, me policy.Actor) error {
	return p.app.Account.ConfirmEmail(r.Context(), me, challenge.ID(r.PostFormValue("change")), code(r))
}

func (p *portal) dropEmail(r *http.Request, me policy.Actor) error {
	return p.app.Account.DropEmailChange(r.Context(), me, challenge.ID(r.PostFormValue("change")))
}

func code(r *http.Request) secret.Text {
	return secret.NewText(strings.ReplaceAll(r.PostFormValue("code"), " ", ""))
}

// onPassword is what the page for passwords shows. Whoever is signed in here has one, or has it elsewhere.
type onPassword struct {
	UserName string // under which browsers keep it
	Change   policy.Decision
	Recovery account.RecoveryCodeView
}

func (p *portal) password(r *http.Request, me policy.Actor) (any, error) {
	change, err := p.app.Account.Can(r.Context(), me, account.ChangePassword, "")
	if err != nil {
		return nil, err
	}
	recovery, err := p.app.Account.RecoveryCode(r.Context(), me)
	if errors.As(err, new(*policy.Denied)) {
		err = nil // of a work account; the page says nothing of it then
	}
	if err != nil {
		return nil, err
	}
	names, err := p.app.Host.Account.Identifiers(r.Context(), p.from(r), me.Account)
	return onPassword{signInName(names), change, recovery}, err
}

// signInName is what somebody signs in with: their user name, or else their first address.
func signInName(names []account.Identifier) string {
	for _, kind := range []account.IdentifierKind{account.UserName, account.Email} {
		for _, i := range names {
			if i.Kind == kind && i.Primary && i.RetiredAt.IsZero() {
				return i.Text
			}
		}
	}
	return ""
}

func (p *portal) changePassword(r *http.Request, _ policy.Actor) (then, error) {
	given := account.PasswordChange{Current: secret.NewText(r.PostFormValue("current")), New: secret.NewText(r.PostFormValue("password"))}
	if r.PostFormValue("password") != r.PostFormValue("again") {
		return then{}, &policy.Invalid{Field: "again", Problem: "is not the same as the new password"}
	}
	started, err := p.app.ChangePassword(r.Context(), p.from(r), p.token(r), given)
	return then{token: started.Token}, err
}

func (p *portal) newRecoveryCode(r *http.Request, me policy.Actor) (any, error) {
	return p.app.Account.NewRecoveryCode(r.Context(), me)
}

func (p *portal) removeRecoveryCode(r *http.Request, me policy.Actor) error {
	return p.app.Account.RemoveRecoveryCode(r.Context(), me)
}

// onClosing is what is shown before an account is closed.
type onClosing struct{ account.Preflight }

// Blocking is what has to be settled first, and Warnings what is lost.
func (o onClosing) Blocking() []policy.Finding { return o.those(true) }

func (o onClosing) Warnings() []policy.Finding { return o.those(false) }

func (o onClosing) those(blocking bool) (out []policy.Finding) {
	for _, f := range o.Findings {
		if f.Blocks == blocking {
			out = append(out, f)
		}
	}
	return out
}

func (p *portal) preflight(r *http.Request, me policy.Actor) (any, error) {
	found, err := p.app.Account.Preflight(r.Context(), me)
	return onClosing{found}, err
}

// close closes the account. Nobody is signed in any more then.
func (p *portal) close(r *http.Request, me policy.Actor) (any, error) {
	days, err := strconv.Atoi(r.PostFormValue("days"))
	if err != nil {
		return nil, &policy.Invalid{Field: "days", Problem: "is no number; choose one"}
	}
	given := account.CloseRequest{Days: days, Reason: r.PostFormValue("reason"), Understood: r.PostForm["understood"]}
	return p.app.Account.Close(r.Context(), me, given, yes(r))
}
