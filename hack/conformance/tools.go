// SPDX-License-Identifier: Apache-2.0

//go:build tools

package conformance

import _ "sigs.k8s.io/gateway-api/conformance/echo-basic" // the backend of the tests, as an image
