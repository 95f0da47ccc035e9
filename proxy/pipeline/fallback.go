// SPDX-License-Identifier: Apache-2.0

package pipeline

// fallBack has the route's fallback take a request that no endpoint of its backend takes. It returns false if there is
// none, or if that is the backend already.
func (x *Exchange) fallBack() bool {
	f := x.Route.Fallback
	if f == nil || x.Backend == &f.Backend {
		return false
	}
	x.Backend, x.pool = &f.Backend, f.Backend.Pool
	x.pool.Count(x.Started)
	x.Head.Fields = f.Complete(x.Head.Fields)
	x.DropForeignUpgrade()
	return true
}
