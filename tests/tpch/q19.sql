-- TPC-H Q19: Discounted Revenue.
select
  sum(l_extendedprice* (1 - l_discount)) as revenue
from
  lineitem,
  part
where
  (
    p_partkey = l_partkey
    and p_brand like 'Brand#1%'
    and p_container like 'SM%'
    and l_quantity >= 1 and l_quantity <= 1 + 30
    and p_size between 1 and 50
    and l_shipmode in ('AIR', 'AIR REG', 'TRUCK', 'MAIL')
    and l_shipinstruct = 'DELIVER IN PERSON'
  )
  or
  (
    p_partkey = l_partkey
    and p_brand like 'Brand#2%'
    and p_container like 'ME%'
    and l_quantity >= 10 and l_quantity <= 10 + 30
    and p_size between 1 and 50
    and l_shipmode in ('AIR', 'AIR REG', 'TRUCK', 'MAIL')
    and l_shipinstruct = 'DELIVER IN PERSON'
  )
  or
  (
    p_partkey = l_partkey
    and p_brand like 'Brand#3%'
    and p_container like 'LG%'
    and l_quantity >= 20 and l_quantity <= 20 + 30
    and p_size between 1 and 50
    and l_shipmode in ('AIR', 'AIR REG', 'TRUCK', 'MAIL')
    and l_shipinstruct = 'DELIVER IN PERSON'
  )
