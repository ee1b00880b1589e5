package main

import (
	"net/http"

	"github.com/seed4b20689c/myaccount/policy"
)

// routes are all pages, and the forms on each.
func (p *portal) routes() http.Handler {
	p.open()

	p.page("/{$}", "overview", func(r *http.Request, me policy.Actor) (any, error) {
		return p.app.Overview(r.Context(), me)
	})

	prove := p.page("/prove", "prove", p.prove)
	p.move("/prove/password", prove, "Thank you.", p.provePassword)
	p.result("/prove/send", prove, "prove", p.sendCode)
	p.move("/prove/code", prove, "Thank you.", p.proveCode)

	profile := p.page("/profile", "profile", p.profile)
	p.act("/profile", profile, "Your profile is saved.", p.saveProfile)
	p.act("/photo", profile, "Your photo is changed.", p.savePhoto)
	p.act("/photo/remove", profile, "Your photo is removed.", p.removePhoto)
	p.result("/email", profile, "email", p.changeEmail)
	p.act("/email/confirm", profile, "Your e-mail address is changed.", p.confirmEmail)
	p.act("/email/drop", profile, "Your e-mail address stays as it is.", p.dropEmail)
	p.mux.HandleFunc("GET /photo", p.photo)

	password := p.page("/password", "password", p.password)
	p.move("/password", password, "Your password is changed. You are signed out everywhere else.", p.changePassword)
	p.said[demanded] = "You have to set a new password before anything else."
	p.result("/recovery-code", password, "recovery-code", p.newRecoveryCode)
	p.act("/recovery-code/remove", password, "Your recovery code is removed.", p.removeRecoveryCode)

	devices := p.page("/devices", "devices", p.devices)
	device := p.page("/devices/{device}", "device", p.device)
	p.act("/devices/{device}/recognize", device, "Thank you.", p.recognize)
	p.act("/devices/{device}/disable", device, "The device is disabled.", p.disable)
	p.move("/devices/{device}/remove", devices, "The device is removed.", p.remove)
	p.result("/devices/{device}/keys/{key}", device, "key", p.reveal)

	signIns := p.page("/sign-ins", "sign-ins", p.signIns)
	p.act("/sign-ins/{attempt}/me", signIns, "Thank you. This sign-in is marked as yours.", p.thisWasMe)
	p.result("/sign-ins/{attempt}/not-me", signIns, "contained", p.thisWasNotMe)

	sessions := p.page("/sessions", "sessions", p.sessions)
	p.act("/sessions/{session}/end", sessions, "The session is ended.", p.endSession)
	p.act("/sessions/end-others", sessions, "All other sessions are ended.", p.endOthers)
	p.move("/sessions/sign-out-everywhere", sessions, "You are signed out everywhere else.", p.signOutEverywhere)

	closing := p.page("/close", "close", p.preflight)
	p.result("/close", closing, "closed", p.close)

	admin := p.page("/admin", "admin", p.settings)
	p.act("/admin/access", admin, "The area is set.", p.setAccess)
	p.act("/admin/licence", admin, "The licences are set.", p.setLicence)
	p.act("/admin/value", admin, "The setting is changed.", p.setValue)
	p.act("/admin/contact", admin, "The contact is saved.", p.setContact)
	p.act("/admin/turned-on", admin, "Done.", p.turnOn)
	p.page("/admin/people", "people", p.people)
	person := p.page("/admin/people/{person}", "person", p.person)
	p.act("/admin/people/{person}/enable", person, "The account is enabled.", p.enableAccount)
	p.act("/admin/people/{person}/disable", person, "The account is disabled.", p.disableAccount)
	p.act("/admin/people/{person}/sign-out", person, "The person is signed out everywhere.", p.signOutPerson)
	p.act("/admin/people/{person}/unlock", person, "The password is unlocked.", p.unlockPassword)
	p.act("/admin/people/{person}/devices/{device}/enable", person, "The device is added again.", p.enableDevice)
	p.act("/admin/people/{person}/devices/{device}/disable", person, "The device is disabled.", p.disableDevice)
	return p.guarded(p.mux)
}
