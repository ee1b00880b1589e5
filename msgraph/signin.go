package msgraph

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed4b20689c/myaccount/devices"
	"github.com/seed4b20689c/myaccount/policy"
	"github.com/seed4b20689c/myaccount/signins"
)

// SignIn is an attempt to sign in as a log tells of it.
type SignIn struct {
	Position Position // where it stands
	signins.Record
	// Tenant is the id of the directory whose log it is; empty if the log does not tell. Nothing is imported into
	// the tenant that a log names.
	Tenant string
	// UserName is the user principal name, or what was typed in its place.
	UserName string
	// UserAgent is what the program said of itself, in which anybody may write anything: without the characters
	// that may not be shown, and cut to [signins.MaxText].
	UserAgent string
	// ServicePrincipal says that no person was there, but a program with an identity of its own. Such a record
	// has no Account.
	ServicePrincipal bool
	// NonInteractive says that a program signed in on behalf of the person, who was not asked for anything.
	NonInteractive bool
}

// UnknownFailure is the Code of an attempt of which the log says that it failed, and nowhere with which code.
// It is no code of Microsoft Entra's.
const UnknownFailure = -1

var risks = map[string]policy.Risk{
	"none": policy.NoRisk, "low": policy.LowRisk, "medium": policy.MediumRisk, "high": policy.HighRisk, "hidden": policy.HiddenRisk,
	"unknownFutureValue": policy.HiddenRisk, // there is one, and it is not told
}

// SignIns reads the sign-ins of a stream, one at a time and with errors as [Devices] has them: JSON, or a table of
// comma-separated values that begins with its header. Each record of JSON tells by itself whether it is a sign-in of
// Graph or an event of Azure Monitor. A row of more than [MaxRecord] bytes ends the stream.
func SignIns(r io.Reader) iter.Seq2[SignIn, error] {
	return each(r, (*scanner).signIns, func(o *object) SignIn {
		o.kind("microsoft.graph.signIn")
		o.fold()
		detail := o // of an event, what happened stands within it
		if o.get("properties") != nil {
			detail = o.part("properties")
		}
		s := SignIn{Position: o.Position, Record: detail.signIn()}
		s.ID = signins.ID(detail.told("id"))
		if s.ID == "" {
			s.ID = o.digest()
		}
		s.At = o.when(detail)
		s.Address = detail.address("ipAddress")
		if !s.Address.IsValid() {
			s.Address = o.address("callerIpAddress")
		}
		if s.Correlation = detail.told("correlationId"); s.Correlation == "" {
			s.Correlation = o.told("correlationId")
		}
		s.Place = o.place(detail)
		s.Code, s.Failure = o.result(detail.part("status_dynamic", "status_string", "status"))
		s.Tenant = o.directory(detail)
		s.UserName, s.UserAgent = detail.known("userPrincipalName"), detail.cleaned("userAgent")
		category := o.category()
		s.Account, s.ServicePrincipal = detail.who(category)
		s.NonInteractive = detail.truth("isInteractive") == devices.No || category == "noninteractiveusersigninlogs"
		return s
	})
}

// anonymized finds the whole word in a list of risk events, or in one that is written as a text.
var anonymized = regexp.MustCompile(`(^|[^\w-])anonymizedIPAddress($|[^\w-])`)

// signIn reads what has the same name in all forms.
func (o *object) signIn() (r signins.Record) {
	r.Application, r.Resource, r.ClientApp = o.known("appDisplayName"), o.known("resourceDisplayName"), o.known("clientAppUsed")
	device := o.part("deviceDetail_dynamic", "deviceDetail_string", "deviceDetail")
	r.Device = policy.DeviceID(device.told("deviceId"))
	r.DeviceName, r.Browser, r.System = device.known("displayName"), device.known("browser"), device.known("operatingSystem")
	r.Steps = o.steps("authenticationDetails")
	if o.word("riskLevelDuringSignIn") != "" {
		r.Risk = choice(o, "riskLevelDuringSignIn", risks, policy.NoRisk)
	}
	for _, events := range []string{"riskEventTypes_v2", "riskEventTypes"} { // a list, or one written as a text
		r.Anonymized = r.Anonymized || anonymized.Match(o.get(events))
	}
	return r
}

// category reads the log from which an event is, in lower case; empty for a record of Graph.
func (o *object) category() string {
	category := strings.ToLower(o.text("category"))
	if category != "" && !strings.HasSuffix(category, "signinlogs") {
		o.refuse("category", "is no log of sign-ins")
	}
	return category
}

// who tells whose sign-in it is: an account's, or a service principal's.
func (o *object) who(category string) (account policy.AccountID, servicePrincipal bool) {
	user := o.told("userId")
	switch {
	case strings.HasSuffix(category, "serviceprincipalsigninlogs"), category == "managedidentitysigninlogs",
		user == "" && o.told("servicePrincipalId") != "":
		return "", true
	case user == "":
		o.refuse("userId", "is missing, or is that of nobody")
	}
	return policy.AccountID(user), false
}

// result tells the error code, and what it means. A code that says failure goes before all that says success.
func (o *object) result(status *object) (code int, failure string) {
	code, told := status.code("errorCode", status.word("errorCode"))
	switch word := o.word("resultType"); strings.ToLower(word) {
	case "":
		if !told {
			status.refuse("errorCode", "is missing, and there is no resultType in its place")
		}
	case "success":
	case "failure":
		if code == 0 {
			code = UnknownFailure
		}
	default:
		if other, _ := o.code("resultType", word); code == 0 {
			code = other
		}
	}
	if code == 0 {
		return 0, "" // what some systems write all the same is about nothing
	}
	if failure = status.prose("failureReason"); failure == "" {
		failure = o.prose("resultDescription")
	}
	return code, failure
}

func (o *object) code(name, word string) (code int, told bool) {
	if word == "" {
		return 0, false
	}
	n, err := strconv.ParseUint(word, 10, 32)
	if err != nil || n > math.MaxInt32 {
		o.refuse(name, "is no error code; want a number, 0 for a success")
	}
	return int(n), true
}

// place reads where it was; without details at least the country, which stands by itself.
func (o *object) place(detail *object) (p signins.Place) {
	at := detail.part("locationDetails_dynamic", "locationDetails_string", "locationDetails")
	if len(at.members) == 0 && !detail.plain("location") {
		at = detail.part("location")
	}
	p.City, p.Region, p.Country = at.known("city"), at.known("state"), at.known("countryOrRegion")
	for _, from := range []*object{detail, o} {
		if p.Country == "" && from.plain("location") {
			p.Country = from.known("location")
		}
	}
	geo := at.part("geoCoordinates")
	latitude, north := geo.degrees("latitude", 90)
	longitude, east := geo.degrees("longitude", 180)
	if north && east {
		p.Located, p.Latitude, p.Longitude = true, latitude, longitude
	}
	return p
}

// plain tells whether there is a text that is no JSON object.
func (o *object) plain(name string) bool {
	raw := o.get(name)
	return raw != nil && raw[0] == '"' && !strings.HasPrefix(strings.TrimSpace(o.text(name)), "{")
}

func (o *object) steps(name string) (all []signins.Step) {
	parts := o.parts(name)
	if len(parts) > signins.MaxSteps {
		o.refuse(name, fmt.Sprintf("has %d steps; want at most %d", len(parts), signins.MaxSteps))
		return nil
	}
	for _, part := range parts {
		s := signins.Step{At: part.logged("authenticationStepDateTime"), Method: part.label("authenticationMethod")}
		if s.Detail = part.prose("authenticationStepResultDetail"); s.Detail == "" {
			s.Detail = part.prose("authenticationMethodDetail")
		}
		s.Primary = strings.EqualFold(part.text("authenticationStepRequirement"), "Primary authentication")
		s.Succeeded = part.truth("succeeded") == devices.Yes
		all = append(all, s)
	}
	return all
}

// directory tells whose log it is. What a row has as TenantId is its Log Analytics workspace, and no tenant.
func (o *object) directory(detail *object) string {
	if id := o.told("AADTenantId"); id != "" {
		return id
	}
	if id := o.told("tenantId"); id != "" && detail != o {
		return id
	}
	// Such as /tenants/8a3c…/providers/Microsoft.aadiam; in a record of Graph it is that of something else.
	in := strings.Split(o.text("resourceId"), "/")
	if len(in) < 3 || in[0] != "" || !strings.EqualFold(in[1], "tenants") || in[2] == "" {
		return ""
	}
	o.check(policy.CheckID("resourceId", in[2]))
	return in[2]
}

// when reads when it was, or else when that was noted.
func (o *object) when(detail *object) time.Time {
	at := detail.logged("createdDateTime")
	for _, noted := range []string{"time", "timeGenerated"} {
		if at.IsZero() {
			at = o.logged(noted)
		}
	}
	switch {
	case at.IsZero():
		detail.refuse("createdDateTime", "is missing; want when it was")
	case at.Year() < 1970:
		detail.refuse("createdDateTime", "lies before 1970")
	}
	return at
}

// digest makes an id of all that a record says, so that it is the same whenever the record is read. No other member
// would do: the originalRequestId, for one, is shared by what belongs to one sequence.
func (o *object) digest() signins.ID {
	var all, value bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(o.members)) {
		value.Reset()
		if err := json.Compact(&value, o.members[name].text); err != nil {
			o.refuse("record", "holds no JSON") // or was too large to be kept, and is refused already
		}
		fmt.Fprintf(&all, "%q:%s,", name, &value)
	}
	sum := sha256.Sum256(all.Bytes())
	return signins.ID("event-" + hex.EncodeToString(sum[:16]))
}
