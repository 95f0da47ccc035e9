// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// The controller writes every reason below, and people and programs read it. So a name never changes its meaning.
// Messages hold no time, nonce or request id, so that a condition changes only when the matter does.
//
// An Ingress of another ingressClassName has no condition of ours, and neither has what only such an Ingress wants.

// ConditionAccepted is on all three kinds: whether the object is taken as it is written. If it is False on an Ingress,
// at least one rule is not served as it is written. The message lists up to ten problems, and says how many more there
// are. Rules without a problem are served.
const (
	ConditionAccepted = "Accepted"

	// ReasonAccepted (True): everything in the object is acted on.
	ReasonAccepted = "Accepted"

	// ReasonHostOwnedElsewhere (False, Ingress and TLSCertificate): a host of this object belongs to another namespace.
	// The message names the host. It does not say which namespace: whoever may read this object may have no right to know
	// of others. No certificate is ordered for the host.
	ReasonHostOwnedElsewhere = "HostOwnedElsewhere"
	// ReasonSomeHostsOwnedElsewhere (True, Ingress): everything in the object is acted on. But some hosts that its
	// wildcard rules, or its rules for every host, stand for belong to other namespaces. Requests for those do not come to
	// it.
	ReasonSomeHostsOwnedElsewhere = "SomeHostsOwnedElsewhere"
	// ReasonPathsContested (True, Ingress that was written for ingress-nginx): everything in the object is acted on. But
	// another Ingress, which the message names if it is of the same namespace, has some of its paths too, and gets no
	// requests there.
	ReasonPathsContested = "PathsContested"
	// ReasonHostNotAllowed (False, Ingress and TLSCertificate): the namespace may not have a host, because of the
	// Namespace's annotation ingress.warren.dev/allowed-hosts or because it has none. The message says what the namespace
	// may have. Such a rule has no effect at all: it claims no host, and no certificate is ordered for it. On
	// CertificateReady: the same for a host of tls.
	ReasonHostNotAllowed = "HostNotAllowed"
	// ReasonPathConflict (False, Ingress): a rule of another Ingress, or an earlier one of this, has the same host, path
	// and pathType. The message says which rule won. If that is a rule of another namespace, which there can be only if
	// hosts are shared, the message names no Ingress.
	ReasonPathConflict = "PathConflict"
	// ReasonCanaryUnused (False, Ingress): a canary's rule gets no request, because no other rule with its host, path and
	// pathType sends any to a backend, or because an older canary takes its share.
	ReasonCanaryUnused = "CanaryUnused"
	// ReasonPathClosed (False, Ingress): another rule cannot be read, says who gets in, and may be meant for this path
	// too; or an annotation of another controller closes the whole host. The path answers 503. The message says which
	// rule or whose annotation that is. If it is another namespace's, the message names no Ingress.
	ReasonPathClosed = "PathClosed"
	// ReasonInvalidRule (False, Ingress): a rule passes the schema but cannot be compiled. A path whose place is known
	// keeps its place and answers 503, so that its requests do not fall to a shorter path. Any other path is left out. If
	// it may say who gets in, it closes what it may have been meant for.
	ReasonInvalidRule = "InvalidRule"

	// ReasonClientCertificateConflict (False, Ingress): two Ingresses have the clients of one host show different
	// certificates. The message says which, and whether one of them holds or nobody gets in.
	ReasonClientCertificateConflict = "ClientCertificateConflict"

	// ReasonAnnotationsIgnored is the reason of an event on an Ingress of networking.k8s.io, and of no condition: the
	// Ingress has annotations of other controllers that have no effect here and do not decide who gets in. The message
	// names them.
	ReasonAnnotationsIgnored = "AnnotationsIgnored"

	// ReasonWildcardHost (False, TLSCertificate): a certificate for a wildcard host is to be ordered through ACME, and
	// neither HTTP-01 nor TLS-ALPN-01 can prove such a host.
	ReasonWildcardHost = "WildcardHost"
	// ReasonSecretConflict (False, TLSCertificate): an older TLSCertificate, which the message names, keeps its
	// certificate in the same Secret. On Issuing: the Secret is somebody else's, and is not overwritten. On an Ingress
	// with autoSSL: the TLSCertificate of the name that it would make is not its own.
	ReasonSecretConflict = "SecretConflict"

	// ReasonHealthCheckBounded (True, Task): everything in the object is acted on. But its health check is beyond a bound
	// that is newer than the object, which it is held to. The message says which.
	ReasonHealthCheckBounded = "HealthCheckBounded"
	// ReasonInvalidTask (False, Task): the Task passes the schema but cannot be compiled. It takes no requests.
	ReasonInvalidTask = "InvalidTask"
	// ReasonInvalidPolicy (False, RoutePolicy): a policy passes the schema but cannot be acted on. Every rule that names the
	// RoutePolicy answers 500.
	ReasonInvalidPolicy = "InvalidPolicy"
	// ReasonAddressNotAllowed (False, Task): its address is the controller's own, the API server's, a metadata service's,
	// loopback, link-local, or in no network that Tasks may be in. It takes no requests and is not probed.
	ReasonAddressNotAllowed = "AddressNotAllowed"
)

// ConditionResolvedRefs is on an Ingress: whether what its backends and its auth name is there. A path whose reference is
// not resolved stays routed and answers 503, so that its requests do not fall to a shorter path.
const (
	ConditionResolvedRefs = "ResolvedRefs"

	// ReasonResolvedRefs (True): everything that is named is there.
	ReasonResolvedRefs = "ResolvedRefs"
	// ReasonServiceNotFound (False): no Task has the serviceName, and no Service of the namespace the name.
	ReasonServiceNotFound = "ServiceNotFound"
	// ReasonPortNotFound (False): the Tasks of that serviceName, or the Service of that name, have no such port.
	ReasonPortNotFound = "PortNotFound"
	// ReasonNoEndpoints (False): the service exists, but nothing behind it could take a request. It has no ready or
	// serving endpoint, and every Task drains, is unhealthy or has weight 0.
	ReasonNoEndpoints = "NoEndpoints"
	// ReasonCANotFound (False): there is no Secret or ConfigMap of the name in a backend's tls, or it has not been read
	// yet. No request goes to the backend, because it could not be verified. For clientCertificate: no client gets in.
	ReasonCANotFound = "CANotFound"
	// ReasonCAInvalid (False): the object exists, but its key ca.crt holds no certificate that can be read, or an update
	// damaged it. Replicas that are not restarted go on using what it held before. If it held nothing before, no request
	// goes to the backend.
	ReasonCAInvalid = "CAInvalid"
	// ReasonCATooLarge (False): its key ca.crt is larger than the message says it may be. What it held before is used
	// likewise.
	ReasonCATooLarge = "CATooLarge"
	// ReasonTooManyAuthorities (False): the namespace's Ingresses name more Secrets and ConfigMaps with authorities than a
	// namespace may. Those that the oldest Ingresses name are used. No request goes to a backend that names another.
	ReasonTooManyAuthorities = "TooManyAuthorities"
	// ReasonAuthSecretNotFound (False): there is no Secret of the name in auth, or it has not been read yet. Nobody gets in
	// where it is asked.
	ReasonAuthSecretNotFound = "AuthSecretNotFound"
	// ReasonAuthSecretInvalid (False): the Secret exists, but it is of the wrong type, too large, or holds nothing that can
	// be read. Nobody gets in where it is asked, whatever it held before.
	ReasonAuthSecretInvalid = "AuthSecretInvalid"
	// ReasonTooManyAuthSecrets (False): the namespace's Ingresses name more Secrets in auth than a namespace may. Those that
	// the oldest Ingresses name are used. Nobody gets in where another one is asked.
	ReasonTooManyAuthSecrets = "TooManyAuthSecrets"
	// ReasonTooManyKeySets (False): the namespace's Ingresses name more URLs in auth.jwt.jwksURL than a namespace may. Those
	// that the oldest Ingresses name are fetched. Nobody gets in where another one is asked.
	ReasonTooManyKeySets = "TooManyKeySets"
	// ReasonCRLInvalid (False): the lists of revocations that clientCertificate names are not there, cannot be read, or are
	// not signed by its authorities. No client gets in.
	ReasonCRLInvalid = "CRLInvalid"
	// ReasonCRLExpired (False): such a list is past its nextUpdate. No client of its issuer gets in until there is a newer
	// one.
	ReasonCRLExpired = "CRLExpired"
)

// ConditionProgrammed is on an Ingress: whether the data plane of every ready replica serves what was accepted of this
// generation.
const (
	ConditionProgrammed = "Programmed"

	// ReasonProgrammed (True): the data plane serves it.
	ReasonProgrammed = "Programmed"
	// ReasonPending (Unknown): a ready replica has not taken this generation in yet.
	ReasonPending = "Pending"
	// ReasonNothingToProgram (False): no rule of it was accepted.
	ReasonNothingToProgram = "NothingToProgram"
	// ReasonRejected (False): the data plane refused the snapshot that holds it, and serves the one before. On Accepted of
	// a TLSCertificate: it is left out of what is served, because the data plane refused it.
	ReasonRejected = "Rejected"
)

// These conditions are on all three kinds, for tools that know nothing of them: kubectl wait, and what reads statuses
// as kstatus does (sigs.k8s.io/cli-utils/pkg/kstatus). Stalled and Reconciling are there only where they are True, and
// at most one of them is. They have the reason and the message of the condition that they are because of, and no event
// tells of them.
const (
	// ConditionReady says whether the object does what it is meant to. On an Ingress and on a Task it has the reason of
	// another condition, or ReasonServed. On a TLSCertificate it has reasons of its own.
	ConditionReady = "Ready"
	// ConditionStalled (True): the object is not as it is meant to be, and will not be until somebody changes it, or what
	// it names.
	ConditionStalled = "Stalled"
	// ConditionReconciling (True): the object is not yet as it is meant to be. What it waits for is under way, or is
	// something that others make.
	ConditionReconciling = "Reconciling"

	// ReasonServed (True, Ready of an Ingress): everything in the Ingress is served by every ready replica.
	ReasonServed = "Served"
)

// NoGeneration is the observedGeneration of a status that no controller has written.
const NoGeneration = -1

// ConditionCertificateReady is on an Ingress with tls: whether a valid certificate for its hosts is served.
// ConditionReady is the same for a TLSCertificate. They share their reasons.
const (
	ConditionCertificateReady = "CertificateReady"

	// ReasonCertificateValid (True): the Secret holds a valid certificate for every host.
	ReasonCertificateValid = "CertificateValid"
	// ReasonSecretNotFound (False): there is no Secret of that name, and none is being ordered. If the Secret is gone,
	// what it held is served until the replica is restarted.
	ReasonSecretNotFound = "SecretNotFound"
	// ReasonSecretInvalid (False): the Secret's key and certificate do not parse or do not belong together, or a block of the chain
	// cannot be read. What it held before is served until the replica is restarted.
	ReasonSecretInvalid = "SecretInvalid"
	// ReasonSecretTooLarge (False): tls.crt or tls.key is larger than the message says it may be. What the Secret held before is
	// served until the replica is restarted.
	ReasonSecretTooLarge = "SecretTooLarge"
	// ReasonKeyNotSupported (False): the certificate's key costs too much to serve, or is one that clients do not accept.
	// What the Secret held before is served until the replica is restarted.
	ReasonKeyNotSupported = "KeyNotSupported"
	// ReasonHostNotCovered (False): the certificate does not name a host that the message names.
	ReasonHostNotCovered = "HostNotCovered"
	// ReasonHostNotRouted (False, Ingress): no rule has a host of tls, which the message names, so no certificate is
	// served for it. For a host of another namespace the reason is HostOwnedElsewhere, as under Accepted. On Issuing of a
	// TLSCertificate: a certificate that is no renewal is due, and none is ordered for such a host.
	ReasonHostNotRouted = "HostNotRouted"
	// ReasonExpired (False): the certificate is past its notAfter. It is served all the same.
	ReasonExpired = "Expired"
	// ReasonNotYetValid (False): the certificate is before its notBefore. It is served if there is no better one.
	ReasonNotYetValid = "NotYetValid"
	// ReasonNotYetIssued (False): there is no certificate yet, and one is to be ordered. Issuing on the TLSCertificate says
	// how far it is, or what is in the way.
	ReasonNotYetIssued = "NotYetIssued"
)

// ConditionIssuing is on a TLSCertificate with autoRenew: whether a certificate is being ordered.
const (
	ConditionIssuing = "Issuing"

	// ReasonUpToDate (False): no certificate is due.
	ReasonUpToDate = "UpToDate"
	// ReasonNotRenewed (False): autoRenew is false. The Secret is the user's.
	ReasonNotRenewed = "NotRenewed"
	// ReasonNotWanted (False): no Ingress or TLSCertificate wants these hosts any more.
	ReasonNotWanted = "NotWanted"
	// ReasonOrdering (True): the order is placed or about to be, and no challenge is open.
	ReasonOrdering = "Ordering"
	// ReasonChallengePending (True): the certificate authority is asked to fetch a challenge.
	ReasonChallengePending = "ChallengePending"
	// ReasonFinalizing (True): every challenge is proven, and the certificate has not come yet.
	ReasonFinalizing = "Finalizing"
	// ReasonChallengeUnreachable (False): the challenge path does not answer through the own data plane, so no order is
	// placed. status.nextAttemptTime says when the next attempt is.
	ReasonChallengeUnreachable = "ChallengeUnreachable"
	// ReasonOrderFailed (False): the certificate authority refused, and the message is the authority's.
	// status.nextAttemptTime says when the next attempt is.
	ReasonOrderFailed = "OrderFailed"
	// ReasonOrderLimit (False): an order is due, but the controller has placed as many as it allows itself. The message
	// says of what. status.nextAttemptTime says when the next attempt is.
	ReasonOrderLimit = "OrderLimit"
	// ReasonOrderingOff (False): the controller runs with --acme=false and orders no certificate, or none in this namespace
	// because of --acme-namespaces, or it serves files, where nothing can be ordered.
	ReasonOrderingOff = "OrderingOff"
	// ReasonOrderedElsewhere (False): another controller of this kind orders this certificate. The message names it.
	ReasonOrderedElsewhere = "OrderedElsewhere"
)

// ConditionHealthy is on a Task: whether the health of its instance lets it take requests.
const (
	ConditionHealthy = "Healthy"

	// ReasonProbeSucceeded (True): the health check passes.
	ReasonProbeSucceeded = "ProbeSucceeded"
	// ReasonProbeFailed (False): the health check fails.
	ReasonProbeFailed = "ProbeFailed"
	// ReasonNotProbed (Unknown): there is a health check that has not come to a result yet.
	ReasonNotProbed = "NotProbed"
	// ReasonNoHealthCheck (True): there is no health check, and nobody reported the instance unhealthy.
	ReasonNoHealthCheck = "NoHealthCheck"
	// ReasonReportedUnhealthy (False): there is no health check, and another controller wrote status.health: Unhealthy.
	ReasonReportedUnhealthy = "ReportedUnhealthy"
)
