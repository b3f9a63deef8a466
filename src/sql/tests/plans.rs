//! What SELECTs become.

use super::shop::{head, nodes, plan};

#[test]
fn a_join_looks_up_by_key_and_reads_only_used_columns() {
    let sql = "select o.id, c.name as customer, o.status from orders o join customers c on c.id = o.customer_id";
    let expected = "\
(id integer, customer text, status text) key (id)
project #0, #4, #2
  join
    [] scan orders [0, 1, 2]
    [#1=0] scan customers [0, 1]
";
    assert_eq!(plan(sql), expected);
    let other_way = "select o.id, c.name as customer, o.status from customers c join orders o on c.id = o.customer_id";
    assert_eq!(plan(other_way), expected);
}
