// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"cmp"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/auth"
)

// What the schema bounds too, and times that are longer than any use of them.
const (
	maxAudiences      = 16
	maxForwardedClaim = 16
	maxAuthHeaders    = 32
	maxAuthText       = 1024
	maxLeeway         = 5 * time.Minute
	maxAuthTimeout    = time.Minute
	maxCacheFor       = time.Hour
	maxAuthBody       = 1 << 20
)

// readAuth reads what clients have to prove. An annotation meets no schema, so all is checked here.
func (r *pathReader) readAuth(from *v1alpha1.Auth) (read *rules.Auth, fault string) {
	read = &rules.Auth{Any: from.Satisfy == v1alpha1.AuthSatisfyAny}
	switch {
	case from.Satisfy != "" && from.Satisfy != v1alpha1.AuthSatisfyAll && !read.Any:
		return nil, "auth.satisfy " + rules.Quote(string(from.Satisfy)) + " is unknown: write All or Any"
	case from.Basic == nil && from.JWT == nil && from.External == nil:
		return nil, "auth asks for nothing: write basic, jwt or external, or leave auth out"
	case from.Basic != nil && from.JWT != nil:
		return nil, "auth has basic and jwt, and a request has one field Authorization, for a password or a token: write one of the two"
	}
	if from.JWT != nil {
		if read.JWT, fault = readJWT(from.JWT); fault != "" {
			return nil, fault
		}
	}
	if from.Basic != nil {
		if read.Basic, fault = readBasic(from.Basic); fault != "" {
			return nil, fault
		}
	}
	if from.External != nil {
		if read.External, fault = r.readExternal(from.External); fault != "" {
			return nil, fault
		}
	}
	return read, ""
}

func readBasic(from *v1alpha1.BasicAuth) (read *rules.BasicAuth, fault string) {
	if from.SecretName == "" || !validReference(from.SecretName) {
		return nil, "auth.basic.secretName " + rules.Quote(from.SecretName) + " is no name of a Secret: write one such as users"
	}
	if fault := RealmFault(from.Realm); fault != "" {
		return nil, "auth.basic.realm " + fault
	}
	return &rules.BasicAuth{Realm: from.Realm, Users: secretNamed(from.SecretName, rules.Users)}, ""
}

// RealmFault returns what is wrong with a realm, which stands in a field between quotes.
func RealmFault(realm string) string {
	if len(realm) > 128 || strings.ContainsFunc(realm, func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }) {
		return rules.Quote(realm) + " cannot be told to a browser: write at most 128 characters of ASCII, without quotes and backslashes"
	}
	return ""
}

func secretNamed(name string, form rules.CredentialForm) rules.CredentialName {
	return rules.CredentialName{NamespacedName: types.NamespacedName{Name: name}, Form: form}
}

// jwksURL and signInURL are what the schema requires of these.
var (
	jwksURL   = regexp.MustCompile(`^https?://[^\s#/?@]+(/[!"$-~]*)?$`)
	signInURL = regexp.MustCompile(`^(https?://[^\s#/?@]+([/?][!"$-~]*)?|/([!"$-.0-\[\]-~][!"$-~]*)?)$`)
)

func readJWT(from *v1alpha1.JWTAuth) (read *rules.JWTAuth, fault string) {
	read = &rules.JWTAuth{Issuer: from.Issuer, KeysURL: from.JWKSURL, Leeway: v1alpha1.DefaultAuthLeeway}
	if from.Leeway != nil {
		read.Leeway = from.Leeway.Duration
	}
	notPlain := func(r rune) bool { return r <= ' ' || r > '~' }
	switch {
	case from.Issuer == "" || len(from.Issuer) > 512 || strings.ContainsFunc(from.Issuer, notPlain):
		return nil, "auth.jwt.issuer " + rules.Quote(from.Issuer) + " is no issuer: write what its tokens have as iss, such as https://id.example.com"
	case len(from.Audiences) > maxAudiences || slices.ContainsFunc(from.Audiences, func(a string) bool { return a == "" || len(a) > 256 }):
		return nil, "auth.jwt.audiences has more than " + strconv.Itoa(maxAudiences) + ", or one that is empty or longer than 256 bytes: write fewer, such as shop"
	case (from.JWKSURL == "") == (from.SecretName == ""):
		return nil, "auth.jwt has to have the issuer's keys from one place: write jwksURL or secretName"
	case from.JWKSURL != "" && !isURLOf(jwksURL, from.JWKSURL):
		return nil, "auth.jwt.jwksURL " + rules.Quote(from.JWKSURL) + " is no URL of keys: write one such as https://id.example.com/keys, without a user and a fragment"
	case !validReference(from.SecretName):
		return nil, "auth.jwt.secretName " + rules.Quote(from.SecretName) + " is no name of a Secret: write one such as keys"
	case read.Leeway < 0 || read.Leeway > maxLeeway:
		return nil, "auth.jwt.leeway is " + read.Leeway.String() + ": write 0s to 5m, such as 30s"
	case len(from.ForwardClaims) > maxForwardedClaim:
		return nil, "auth.jwt.forwardClaims has more than " + strconv.Itoa(maxForwardedClaim) + ": write fewer"
	}
	if from.SecretName != "" {
		read.Keys = secretNamed(from.SecretName, rules.KeySet)
	}
	read.Audiences = sortNames(slices.Clone(from.Audiences))
	told := make(map[string]bool)
	for i, c := range from.ForwardClaims {
		where := "auth.jwt.forwardClaims[" + strconv.Itoa(i) + "]"
		lower := strings.ToLower(c.Header)
		switch {
		case c.Claim == "" || len(c.Claim) > 128:
			return nil, where + ".claim is empty or longer than 128 bytes: write the name of one, such as sub"
		case authHeaderFault(c.Header) != "":
			return nil, where + ".header " + authHeaderFault(c.Header)
		case told[lower]:
			return nil, where + ".header is " + c.Header + ", which another claim is told in: write another field"
		}
		told[lower] = true
		read.Claims = append(read.Claims, auth.ForwardedClaim{Claim: c.Claim, Header: c.Header})
	}
	if fault = (&auth.JWT{ForwardClaims: read.Claims}).Inspect(); fault != "" {
		return nil, "auth.jwt.forwardClaims: " + fault
	}
	return read, ""
}

// isURLOf returns whether a text is a URL of a certain form.
func isURLOf(form *regexp.Regexp, text string) bool {
	parsed, err := url.Parse(text)
	return err == nil && len(text) <= maxAuthText && form.MatchString(text) && parsed.User == nil && parsed.Hostname() != "" && IsAuthority(parsed.Host)
}

// isSignInURL returns whether a text is where clients can be sent: a URL, or a path that no browser takes for a URL.
func isSignInURL(text string) bool {
	if strings.HasPrefix(text, "/") {
		return len(text) <= maxAuthText && signInURL.MatchString(text)
	}
	return isURLOf(signInURL, text)
}

// authHeaderFault returns why a field cannot be one that a verdict sets, or nothing.
func authHeaderFault(name string) string {
	switch {
	case !IsToken(name) || len(name) > 64:
		return rules.Quote(name) + " is no name of a header field: write letters, digits and hyphens, such as X-User"
	case ownHeader(strings.ToLower(name)):
		return rules.Quote(name) + " is a field that the proxy writes itself: write another one, such as X-User"
	}
	return ""
}

func (r *pathReader) readExternal(from *v1alpha1.ExternalAuth) (read *rules.ExternalAuth, fault string) {
	read = &rules.ExternalAuth{Backend: rules.Backend{Service: from.ServiceName, Port: from.Port}}
	asks := &read.Asks
	asks.Path, asks.SignInURL, asks.CacheKey, asks.Timeout = cmp.Or(from.Path, "/"), from.SignInURL, from.CacheKey, v1alpha1.DefaultAuthTimeout
	grpc := from.Protocol == v1alpha1.AuthProtocolGRPC
	if grpc {
		read.Backend.Protocol, asks.Protocol, asks.Path = rules.GRPC, auth.GRPC, ""
	}
	switch {
	case from.ServiceName == "" || !validReference(from.ServiceName):
		return nil, "auth.external.serviceName " + rules.Quote(from.ServiceName) + " is no name of a service: write one such as oauth2-proxy"
	case from.Port < 1 || from.Port > 65535:
		return nil, "auth.external.port is " + strconv.Itoa(int(from.Port)) + ": write 1 to 65535"
	case from.Protocol != "" && from.Protocol != v1alpha1.AuthProtocolHTTP && !grpc:
		return nil, "auth.external.protocol " + rules.Quote(string(from.Protocol)) + " is unknown: write HTTP or GRPC"
	case grpc && from.Path != "":
		return nil, "auth.external.path is for protocol HTTP: leave one of the two out"
	case grpc && from.SignInURL != "":
		return nil, "auth.external.signInURL is for protocol HTTP, by GRPC the service says itself where a client is sent: leave one of the two out"
	case from.SignInURL != "" && !isSignInURL(from.SignInURL):
		return nil, "auth.external.signInURL " + rules.Quote(from.SignInURL) + " is no URL to send clients to: write one such as https://id.example.com/start, or a path such as /oauth2/start"
	case (from.CacheKey == "") != (from.CacheFor == nil):
		return nil, "auth.external has one of cacheKey and cacheFor, which go together: write the other one too, or neither"
	}
	if path, err := r.canonical(asks.Path); !grpc && (err != nil || path != asks.Path) {
		return nil, "auth.external.path " + rules.Quote(from.Path) + " is no canonical path: write one such as /oauth2/auth"
	}
	if fault = cacheKeyFault(from.CacheKey); fault != "" {
		return nil, "auth.external.cacheKey " + rules.Quote(from.CacheKey) + " " + fault
	}
	if asks.ForwardHeaders, fault = readAuthHeaders("auth.external.forwardHeaders", from.ForwardHeaders); fault != "" {
		return nil, fault
	}
	if asks.ResponseHeaders, fault = readAuthHeaders("auth.external.responseHeaders", from.ResponseHeaders); fault != "" {
		return nil, fault
	}
	if slices.Contains(asks.ResponseHeaders, auth.AllFields) {
		return nil, `auth.external.responseHeaders has "*", and no client can be kept from setting a field whose name nobody knows: list the fields, such as X-Auth-Request-User`
	}
	if fault = durationWithin("auth.external.timeout", from.Timeout, &asks.Timeout, maxAuthTimeout); fault != "" {
		return nil, fault
	}
	if fault = durationWithin("auth.external.cacheFor", from.CacheFor, &asks.CacheFor, maxCacheFor); fault != "" {
		return nil, fault
	}
	if asks.MaxBody, fault = readAuthBody(from.MaxBodyBytes); fault != "" {
		return nil, fault
	}
	if fault = read.Fault(); fault != "" {
		return nil, "auth.external: " + fault
	}
	return read, ""
}

// cacheKeyFault returns what is wrong with a text that tells requests apart for which a service may answer differently.
func cacheKeyFault(key string) string {
	if key == "" {
		return ""
	}
	const instead = ": write one with all that the answer depends on, such as $http_authorization$http_cookie"
	if len(key) > 512 || strings.ContainsFunc(key, isControl) {
		return "is longer than 512 bytes, or has a control character" + instead
	}
	if _, err := auth.ReadPattern(key); err != nil {
		return "cannot be read, " + err.Error() + instead
	}
	if !strings.Contains(key, "$") {
		return "has no variable, and users would get each other's answers" + instead
	}
	return ""
}

// readAuthHeaders returns the names of fields in lower case, sorted.
func readAuthHeaders(field string, from []v1alpha1.AuthHeader) (names []string, fault string) {
	if len(from) > maxAuthHeaders {
		return nil, field + " has more than " + strconv.Itoa(maxAuthHeaders) + " fields: write fewer"
	}
	for _, name := range from {
		if fault := authHeaderFault(string(name)); fault != "" {
			return nil, field + " has " + fault
		}
		names = append(names, strings.ToLower(string(name)))
	}
	return sortNames(names), ""
}

// durationWithin reads a time that is above zero and at most a bound.
func durationWithin(field string, from *metav1.Duration, into *time.Duration, most time.Duration) (fault string) {
	if from == nil {
		return ""
	}
	if *into = from.Duration; *into <= 0 || *into > most {
		return field + " is " + into.String() + ": write a time above zero, and at most " + most.String()
	}
	return ""
}

func readAuthBody(from *resource.Quantity) (most int64, fault string) {
	if from == nil {
		return 0, ""
	}
	if most = from.Value(); most < 1 || most > maxAuthBody {
		written := from.DeepCopy() // String writes its result into the Quantity, which is not ours.
		return 0, "auth.external.maxBodyBytes is " + rules.Clip(written.String()) + ": write 1 to 1Mi, such as 64Ki"
	}
	return most, ""
}
