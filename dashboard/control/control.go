// SPDX-License-Identifier: Apache-2.0

// Package control says what a control plane tells the page, as plain values.
package control

import (
	"context"
	"time"
)

// Plane is a control plane.
type Plane interface {
	// Replicas are those that take requests, the one that answers among them. There are none if it does not know.
	Replicas() []Replica
	// Orders says how far the certificates are that are ordered, or watched.
	Orders(context.Context) (Orders, error)
	// Object returns an object by its id, as lists of routes have it, with a place in it. found is false if it cannot be
	// had: it is gone, or in no cluster.
	Object(ctx context.Context, id, place string) (o Object, found bool, err error)
}

// Object is an object with a place in it.
type Object struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Namespace  string `json:"namespace"`
	Name       string `json:"name"`
	// Text is the object in YAML. First and Last are the first and the last line of the place, counted from 1. They are 0
	// if the object has it no more.
	Text  string `json:"text"`
	First int    `json:"firstLine,omitempty"`
	Last  int    `json:"lastLine,omitempty"`
}

// Replica is one that takes requests.
type Replica struct {
	Name    string `json:"name"`
	Node    string `json:"node,omitempty"`
	Address string `json:"address"`
	// Self is set for the one that answers. Alike is set for those that serve the same as that one.
	Self  bool `json:"self"`
	Alike bool `json:"alike"`
}

// Step is how far an order is.
type Step string

// The steps of an order, in their order. Waiting is between two attempts, and Off is without any.
const (
	Ordering   Step = "ordering"
	Proving    Step = "proving"
	Finalizing Step = "finalizing"
	Issued     Step = "issued"
	Waiting    Step = "waiting"
	Off        Step = "off"
)

// Orders are the certificates of a cluster, and what was ordered for them.
type Orders struct {
	// Certificates are by namespace and name.
	Certificates []Certificate `json:"certificates"`
	// Ledger has the orders of the last week, the newest first.
	Ledger []Order `json:"ledger"`
}

// Certificate is a TLSCertificate, as its status has it.
type Certificate struct {
	// Name and Secret are "namespace/name".
	Name   string   `json:"name"`
	Secret string   `json:"secret"`
	Hosts  []string `json:"hosts"`
	// Ready says whether a valid certificate is served. Reason and Message say why not, or which.
	Ready   bool   `json:"ready"`
	Reason  string `json:"reason"`
	Message string `json:"message"`
	// Step is how far the next certificate is, and Issuing and Progress say it in words.
	Step     Step   `json:"step"`
	Issuing  string `json:"issuing"`
	Progress string `json:"progress"`
	Issuer   string `json:"issuer,omitempty"`
	// The times are zero if there are none.
	NotBefore   time.Time `json:"notBefore,omitzero"`
	NotAfter    time.Time `json:"notAfter,omitzero"`
	Renewal     time.Time `json:"renewalTime,omitzero"`
	NextAttempt time.Time `json:"nextAttemptTime,omitzero"`
	LastFailure time.Time `json:"lastFailureTime,omitzero"`
	Failures    int       `json:"failures"`
}

// Order is one that was placed.
type Order struct {
	// Certificate is the "namespace/name" of the TLSCertificate.
	Certificate string    `json:"certificate"`
	Time        time.Time `json:"time"`
	// Failed is set if it led to no certificate, and Renewal if there was one before.
	Failed  bool `json:"failed,omitempty"`
	Renewal bool `json:"renewal,omitempty"`
}
