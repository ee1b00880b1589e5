module github.com/seed4b20689c/myaccount/adapters

go 1.26.0

// Before the first release there is no version to name, and afterwards changes of both are made together.
// Who imports this module takes no notice of the line: see docs/decisions/0009-nested-module.md.
replace github.com/seed4b20689c/myaccount => ../

require (
	github.com/google/go-cmp v0.7.0
	github.com/maxmind/mmdbwriter v1.2.0
	github.com/oschwald/maxminddb-golang/v2 v2.9.0
	github.com/seed4b20689c/myaccount v0.0.0-00010101000000-000000000000
	github.com/stretchr/testify v1.12.1
	github.com/ua-parser/uap-go v0.0.0-20260529044130-17c35e68e58c
	go.yaml.in/yaml/v3 v3.0.5
	pgregory.net/rapid v1.3.0
)

require (
	github.com/hashicorp/golang-lru v1.0.2 // indirect
	go4.org/netipx v0.0.0-20231129151722-fdeea329fbba // indirect
	golang.org/x/crypto v0.58.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	gopkg.in/yaml.v3 v3.0.1 // indirect
)
