// SPDX-License-Identifier: Apache-2.0

// Package translate turns the objects of a cluster into what the data plane serves, and into what is to
// be said about each object.
//
// It is a pure function: no I/O, no clock, no log, and what it is given is never modified. The same
// objects give the same snapshot and the same reports in whatever order they come, so a restart or a
// second replica comes to the same result. An object, or a rule of one, that cannot be served is reported and
// left out; it never keeps another one from being served.
//
// One principle decides what a fault does to a rule: a rule whose place is known (host, path and pathType are
// sound) keeps that place, and answers 503 where nothing can serve it. Were it dropped instead, its
// requests would fall to a shorter path with another backend and other policies, one without the access control
// that the faulty rule asked for, say. Only a rule whose place is not known is dropped.
package translate
