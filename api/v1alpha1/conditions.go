// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Every reason below is written by the controller and read by people and programs: a name never changes its meaning.
// Messages hold no time, nonce or request id, so that a condition changes only when the matter does.
//
// An Ingress of another ingressClassName, and what only such an Ingress wants, has no condition of ours at all.

// ConditionAccepted is on all three kinds: whether the object is taken as it is written. False speaks of at least one
// rule; every rule that its message does not name is served.
const (
	ConditionAccepted = "Accepted"

	// ReasonAccepted (True): everything in the object is acted on.
	ReasonAccepted = "Accepted"

	// ReasonHostOwnedElsewhere (False, Ingress and TLSCertificate): an Ingress of another namespace owns a host of this one;
	// the message names the host and that Ingress or its namespace. No certificate is ordered for it.
	ReasonHostOwnedElsewhere = "HostOwnedElsewhere"
	// ReasonSomeHostsOwnedElsewhere (True, Ingress): everything in the object is acted on, and hosts below one of its wildcards, or
	// hosts where it has a rule for every host, belong to other namespaces, whose requests do not come to it.
	ReasonSomeHostsOwnedElsewhere = "SomeHostsOwnedElsewhere"
	// ReasonHostNotAllowed (False, Ingress and TLSCertificate): the namespace may not have a host, by the annotation
	// ingress.warren.dev/allowed-hosts of the Namespace or for want of it; the message says what it may have. Nothing of such a rule
	// counts: it claims no host, and no certificate is ordered for it. On CertificateReady: the same of a host of tls.
	ReasonHostNotAllowed = "HostNotAllowed"
	// ReasonPathConflict (False, Ingress): a rule of another Ingress, or an earlier one of this, has the same host, path
	// and pathType; the message says which won.
	ReasonPathConflict = "PathConflict"
	// ReasonPathClosed (False, Ingress): another rule, which the message names, cannot be read, says who gets in, and
	// may be meant for this path too; or an annotation of another controller closes the whole host. The path answers
	// 503.
	ReasonPathClosed = "PathClosed"
	// ReasonInvalidRule (False, Ingress): a rule passes the schema and yet cannot be compiled. A path whose place is
	// known keeps it and answers 503, so that its requests do not fall to a shorter path; any other is left out, or
	// closes what it may have been meant for where it says who gets in.
	ReasonInvalidRule = "InvalidRule"

	// ReasonAnnotationsIgnored is of an event on an Ingress of networking.k8s.io, and of no condition: it has
	// annotations of other controllers that nothing is done about, and that say nothing of who gets in. The message
	// names them.
	ReasonAnnotationsIgnored = "AnnotationsIgnored"

	// ReasonWildcardHost (False, TLSCertificate and Ingress): a wildcard host is to be ordered through ACME, which
	// neither HTTP-01 nor TLS-ALPN-01 can prove.
	ReasonWildcardHost = "WildcardHost"
	// ReasonSecretConflict (False, TLSCertificate): an older TLSCertificate, which the message names, keeps its
	// certificate in the same Secret. On Issuing: the Secret is somebody else's, and is not overwritten. On an Ingress with
	// autoSSL: the TLSCertificate that it would have made is not its own.
	ReasonSecretConflict = "SecretConflict"

	// ReasonInvalidTask (False, Task): the Task passes the schema and yet cannot be compiled. It takes no requests.
	ReasonInvalidTask = "InvalidTask"
)

// ConditionResolvedRefs is on an Ingress: whether what its backends name is there. A path whose reference is
// not resolved stays routed and answers 503, so that its requests do not fall to a shorter path.
const (
	ConditionResolvedRefs = "ResolvedRefs"

	// ReasonResolvedRefs (True): everything that is named is there.
	ReasonResolvedRefs = "ResolvedRefs"
	// ReasonServiceNotFound (False): no Task has the serviceName, and no Service of the namespace the name.
	ReasonServiceNotFound = "ServiceNotFound"
	// ReasonPortNotFound (False): the Tasks or the Service of that name have no such port.
	ReasonPortNotFound = "PortNotFound"
	// ReasonNoEndpoints (False): the service is there, and nothing that could take a request is behind it: no ready or
	// serving endpoint, and every Task drains, is unhealthy or has weight 0.
	ReasonNoEndpoints = "NoEndpoints"
	// ReasonCANotFound (False): there is no Secret or ConfigMap of the name that a backend's tls names, or it has not been read
	// yet. No request goes to the backend, since it could not be verified.
	ReasonCANotFound = "CANotFound"
	// ReasonCAInvalid (False): it is there, and its key ca.crt holds no certificate that can be read, or was spoiled by an update. What
	// it held before goes on being used by replicas that are not restarted; without, no request goes to the backend.
	ReasonCAInvalid = "CAInvalid"
	// ReasonCATooLarge (False): its key ca.crt is larger than the message says it may be. What it held before goes on being used likewise.
	ReasonCATooLarge = "CATooLarge"
	// ReasonTooManyAuthorities (False): the namespace's Ingresses name more Secrets and ConfigMaps with authorities than a
	// namespace may. Those that the oldest Ingresses name are used. No request goes to the backend of another.
	ReasonTooManyAuthorities = "TooManyAuthorities"
)

// ConditionProgrammed is on an Ingress: whether the data plane serves what was accepted of this generation, that of every
// replica which is ready.
const (
	ConditionProgrammed = "Programmed"

	// ReasonProgrammed (True): the data plane serves it.
	ReasonProgrammed = "Programmed"
	// ReasonPending (Unknown): a ready replica has not taken this generation in yet.
	ReasonPending = "Pending"
	// ReasonNothingToProgram (False): no rule of it was accepted.
	ReasonNothingToProgram = "NothingToProgram"
	// ReasonRejected (False): the data plane refused the snapshot that holds it, and serves the one before.
	ReasonRejected = "Rejected"
)

// ConditionCertificateReady is on an Ingress with tls: whether a valid certificate for its hosts is served.
// ConditionReady is the same for a TLSCertificate. They share their reasons.
const (
	ConditionCertificateReady = "CertificateReady"
	ConditionReady            = "Ready"

	// ReasonCertificateValid (True): the Secret holds a valid certificate for every host.
	ReasonCertificateValid = "CertificateValid"
	// ReasonSecretNotFound (False): there is no Secret of that name, and none is being ordered. What a Secret held that is gone is
	// served until the replica is restarted.
	ReasonSecretNotFound = "SecretNotFound"
	// ReasonSecretInvalid (False): the Secret's key and certificate do not parse or do not belong together, or a block of the chain
	// cannot be read. What it held before is served until the replica is restarted.
	ReasonSecretInvalid = "SecretInvalid"
	// ReasonSecretTooLarge (False): tls.crt or tls.key is larger than the message says it may be. What the Secret held before is
	// served until the replica is restarted.
	ReasonSecretTooLarge = "SecretTooLarge"
	// ReasonKeyNotSupported (False): the certificate is for a key that costs too much to serve, or that clients do not take. What the
	// Secret held before is served until the replica is restarted.
	ReasonKeyNotSupported = "KeyNotSupported"
	// ReasonHostNotCovered (False): the certificate does not name a host that the message names.
	ReasonHostNotCovered = "HostNotCovered"
	// ReasonHostNotRouted (False, Ingress): no rule has a host of tls that the message names, so no certificate is served for
	// it. A host that is another namespace's has HostOwnedElsewhere, as under Accepted.
	ReasonHostNotRouted = "HostNotRouted"
	// ReasonExpired (False): the certificate is past its notAfter. It is served all the same.
	ReasonExpired = "Expired"
	// ReasonNotYetValid (False): the certificate is before its notBefore. It is served where there is no better one.
	ReasonNotYetValid = "NotYetValid"
	// ReasonNotYetIssued (False): the first certificate is being ordered; Issuing on the TLSCertificate says how far it is.
	ReasonNotYetIssued = "NotYetIssued"
)

// ConditionIssuing is on a TLSCertificate with autoRenew: whether a certificate is being ordered.
const (
	ConditionIssuing = "Issuing"

	// ReasonUpToDate (False): no certificate is due.
	ReasonUpToDate = "UpToDate"
	// ReasonNotRenewed (False): autoRenew is false; the Secret is the user's.
	ReasonNotRenewed = "NotRenewed"
	// ReasonNotWanted (False): no Ingress or TLSCertificate wants these hosts any more.
	ReasonNotWanted = "NotWanted"
	// ReasonOrdering (True): the order is placed or about to be, and no challenge is open.
	ReasonOrdering = "Ordering"
	// ReasonChallengePending (True): the certificate authority is asked to fetch a challenge.
	ReasonChallengePending = "ChallengePending"
	// ReasonFinalizing (True): every challenge is proven; the certificate is awaited.
	ReasonFinalizing = "Finalizing"
	// ReasonChallengeUnreachable (False): the challenge path does not answer through the own data plane, so no order is
	// placed. The next attempt is in status.nextAttemptTime.
	ReasonChallengeUnreachable = "ChallengeUnreachable"
	// ReasonOrderFailed (False): the certificate authority refused; the message is its own. The next attempt is in
	// status.nextAttemptTime.
	ReasonOrderFailed = "OrderFailed"
	// ReasonOrderLimit (False): an order is due, and as many were placed as the controller allows itself; the message says of
	// what. The next attempt is in status.nextAttemptTime.
	ReasonOrderLimit = "OrderLimit"
	// ReasonOrderedElsewhere (False): another controller of this kind, which the message names, orders this certificate.
	ReasonOrderedElsewhere = "OrderedElsewhere"
)

// ConditionHealthy is on a Task: whether its instance may take requests as far as its health goes.
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
