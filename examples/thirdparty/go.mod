module github.com/seed4b20689c/myaccount/examples/thirdparty

go 1.26.0

// Never tagged: it is built with the library as it stands above it. See docs/decisions/0009-nested-module.md.
replace github.com/seed4b20689c/myaccount => ../../

require (
	github.com/coreos/go-oidc/v3 v3.21.0
	github.com/seed4b20689c/myaccount v0.0.0-00010101000000-000000000000
	github.com/stretchr/testify v1.12.1
)

require (
	github.com/go-jose/go-jose/v4 v4.1.8 // indirect
	github.com/hashicorp/go-immutable-radix v1.3.1 // indirect
	github.com/hashicorp/go-memdb v1.3.5 // indirect
	github.com/hashicorp/golang-lru v0.5.4 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/crypto v0.58.0 // indirect
	golang.org/x/image v0.47.0 // indirect
	golang.org/x/oauth2 v0.37.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.43.0 // indirect
)
