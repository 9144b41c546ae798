// What a sweep ends in is arithmetic of its own room, which a query loads without the networks; whoever sweeps has both.
@_exported import Directions
