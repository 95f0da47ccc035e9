// SPDX-License-Identifier: Apache-2.0

// Package manifests reads objects from files: for the commands that compile manifests, and for a controller that serves
// what is in files, which follows them as they change. It does not know what is made of the objects.
//
// Read in this order: reader.go (how files become objects), documents.go (where a document begins), fault.go (which
// line of a file is wrong), follow.go (how changes are noticed).
package manifests
