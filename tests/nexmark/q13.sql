-- Side input: bids with what a table says.
select b.id, b.auction, b.bidder, b.price, b.date_time, s.value
from bid b join side_input s on mod(b.auction, 100) = s.key
