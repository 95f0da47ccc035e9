// SPDX-License-Identifier: Apache-2.0

package explain

import "time"

// Explanation is what would become of a request, and why, in the order in which the proxy decides it. What was not come
// to is nil or empty. Its JSON is for programs: fields are added, none changes its meaning.
type Explanation struct {
	// Generation is the number of the snapshot that the request was explained by.
	Generation uint64  `json:"generation"`
	Request    Request `json:"request"`
	// Certificate is what a handshake for the URL's host gets, over HTTPS or were it so; nil where there is none for it.
	Certificate *Certificate `json:"certificate,omitempty"`
	// Candidates are the rules of the hosts that the request's is one of, the winner first.
	Candidates []Candidate `json:"candidates,omitempty"`
	// Hints say what may be meant instead where there is no such host or path.
	Hints     []string `json:"hints,omitempty"`
	Access    *Access  `json:"access,omitempty"`
	RateLimit *Limit   `json:"rateLimit,omitempty"`
	// Policies are the others that were asked and have something to say, in their order.
	Policies []Policy  `json:"policies,omitempty"`
	Upstream *Upstream `json:"upstream,omitempty"`
	Pool     *Pool     `json:"pool,omitempty"`
	Answer   Answer    `json:"answer"`
}

// Request is the request as it is understood.
type Request struct {
	Method string `json:"method"`
	URL    string `json:"url"`
	// Host and Path are canonical; empty where the request was refused before.
	Host string `json:"host,omitempty"`
	Path string `json:"path,omitempty"`
	// Owner is whose the host is, empty where it is nobody's or everybody's.
	Owner string `json:"owner,omitempty"`
	// Peer is where the connection comes from, Client whom the rules see: another one where the peer is a trusted proxy.
	Peer   string `json:"peer"`
	Client string `json:"client"`
	// TrustedPeer is set where the peer's forwarding fields are believed.
	TrustedPeer bool `json:"trustedPeer"`
	// Secure is set where the client came over HTTPS, to us or to a trusted proxy.
	Secure bool `json:"secure"`
}

// Certificate is a certificate that is served.
type Certificate struct {
	// ID is the "namespace/name" of its Secret.
	ID       string    `json:"id"`
	Hosts    []string  `json:"hosts"`
	NotAfter time.Time `json:"notAfter"`
	// Default is set where it is served for want of one for the host.
	Default bool `json:"default,omitempty"`
}

// Candidate is a rule that the request might have been for.
type Candidate struct {
	// Host is an exact name, a wildcard, or "" for every host.
	Host  string `json:"host"`
	Path  string `json:"path"`
	Match string `json:"match"`
	// Conditions says in words what else the rule asks of a request, empty where that is nothing.
	Conditions string `json:"conditions,omitempty"`
	// Ingress is "namespace/name"; Rule is "rule.path", from 0.
	Ingress string `json:"ingress"`
	Rule    string `json:"rule"`
	Service string `json:"service"`
	Wins    bool   `json:"wins"`
	// Unserved is the condition's reason where the rule has no route at all.
	Unserved string `json:"unserved,omitempty"`
	// Mismatched says that the request is none of the rule's: its path is not, or it does not meet a condition.
	Mismatched bool `json:"mismatched,omitempty"`
	// unmet is set where only a condition is not met.
	unmet bool
	// Why says why it wins, or lost.
	Why string `json:"why"`
}

// Access is what the rule's access control says of the client.
type Access struct {
	Admitted bool `json:"admitted"`
	// Prefix decided: the denied or the allowed one that the client is in. It is empty where there is none.
	Prefix string `json:"prefix,omitempty"`
	Why    string `json:"why"`
}

// Limit is how the rule's rate limit stands with the client. Nothing was taken from it.
type Limit struct {
	PerSecond float64 `json:"perSecond"`
	Burst     int     `json:"burst"`
	// Replicas is how many share the limit.
	Replicas int `json:"replicas"`
	// Left is how many requests this replica would let through at once, now.
	Left    float64 `json:"left"`
	Allowed bool    `json:"allowed"`
	// RetryAfter is how long the client would be told to wait, in seconds.
	RetryAfter float64 `json:"retryAfterSeconds,omitempty"`
}

// Policy is what a policy says of the request.
type Policy struct {
	Name string `json:"name"`
	// Passed says whether the request goes on.
	Passed bool   `json:"passed"`
	Text   string `json:"text"`
}

// Upstream is the head of the request that an endpoint would get.
type Upstream struct {
	Method string `json:"method"`
	// Target is the path, rewritten, with the query; Path is without.
	Target  string   `json:"target"`
	Path    string   `json:"path"`
	Headers []Header `json:"headers"`
}

// Header is a field of a head.
type Header struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Pool is the endpoints that an endpoint would be chosen from.
type Pool struct {
	ID      string `json:"id"`
	Service string `json:"service"`
	// Protocol is HTTP, HTTPS or H2C.
	Protocol string `json:"protocol"`
	// TLS says how endpoints are verified, empty where they are spoken to in the clear.
	TLS    string `json:"tls,omitempty"`
	Policy string `json:"policy"`
	Tasks  []Task `json:"tasks"`
}

// Task is an endpoint of a pool.
type Task struct {
	// ID names the object that it came from: "task/namespace/name".
	ID      string `json:"id"`
	Address string `json:"address"`
	Weight  int    `json:"weight"`
	// Health is what is known of it; Healthy where nothing checks it.
	Health string `json:"health"`
	// Active is how many requests and upgraded connections it has from this replica.
	Active int64 `json:"active"`
	// TakesRequests says whether new requests may go to it, and Why why not, or what its check found.
	TakesRequests bool   `json:"takesRequests"`
	Why           string `json:"why,omitempty"`
}

// Answer is how the request ends.
type Answer struct {
	// Status and Reason are those of an answer of the proxy's own. They are 0 and empty where the answer is the service's,
	// and where no request gets through because the handshake fails.
	Status int    `json:"status,omitempty"`
	Reason string `json:"reason,omitempty"`
	// TLSAlert ends the handshake.
	TLSAlert string `json:"tlsAlert,omitempty"`
	// Location is where a redirect leads.
	Location string `json:"location,omitempty"`
	Text     string `json:"text"`
}
