package main

import (
	"context"

	"github.com/seed4b20689c/myaccount"
	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/memstore"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/secret"
)

// newServer makes an installation with one person, who has one device, and gives their password.
func newServer(ctx context.Context) (*server, string, error) {
	ring, err := secret.NewKeyRing(secret.NewKey("2026"))
	if err != nil {
		return nil, "", err
	}
	app, err := myaccount.New(memstore.New(), ring)
	if err != nil {
		return nil, "", err
	}
	hasher, err := secret.NewHasher(secret.DefaultParams, 0)
	if err != nil {
		return nil, "", err
	}
	password, err := secret.NewToken(nil)
	if err != nil {
		return nil, "", err
	}
	hash, err := hasher.Hash(ctx, password)
	if err != nil {
		return nil, "", err
	}
	host := policy.Host("nethttp", "contoso")
	for _, set := range []func() error{
		func() error { return app.Admin.Policy.CreateTenant(ctx, policy.System("setup"), "contoso") },
		func() error { return app.Host.Accounts.Provision(ctx, host, "ada", policy.Personal) },
		func() error {
			return app.Host.Devices.Register(ctx, host, devices.Registration{ID: "laptop", Owner: "ada", Name: "Ada's laptop",
				OS: "Windows", OSVersion: "10.0.22631", Join: devices.Registered})
		},
	} {
		if err := set(); err != nil {
			return nil, "", err
		}
	}
	return &server{app, host, hasher, hash}, password.Reveal(), nil
}
