// SPDX-License-Identifier: Apache-2.0

package pipeline

// copyForMirrors makes the copies of the request that the route's mirrors are to get. They have what the route's
// policies made of the request, and nothing of what those of the chosen backend make of it. A request that somebody
// only asks about goes nowhere.
func (x *Exchange) copyForMirrors() {
	if x.view.Notes == nil {
		x.copies.Make(&x.engine.Mirrors, x.route.Mirrors, &x.request, x.Host, x.Shard, x.logsIn)
	}
}

// mirror sends the copies.
func (x *Exchange) mirror() {
	if x.copies.Made() { // before the phases that complete a request
		var path []byte
		if x.respelled {
			path = x.request.Path
		}
		x.copies.Complete(path, x.markField())
	}
	x.copyForMirrors()
	x.copies.Send(x.request.HasContent(), &x.upload)
}
