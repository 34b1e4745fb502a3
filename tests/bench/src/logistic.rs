//! Logistic regression by gradient descent: few clues, some thousand rows.

pub struct Model {
    pub bias: f64,
    pub weights: Vec<f64>,
}

const ROUNDS: usize = 4_000;
const STEP: f64 = 2.0;
const RIDGE: f64 = 1e-4;

/// The model with the least regularised log-loss, both outcomes weighing the same; `None` without rows of both.
pub fn fit(rows: &[(Vec<f64>, bool)]) -> Option<Model> {
    let width = rows.first()?.0.len();
    let right = rows.iter().filter(|(_, right)| *right).count();
    if right == 0 || right == rows.len() {
        return None;
    }
    let share = [0.5 / (rows.len() - right) as f64, 0.5 / right as f64];
    let mut model = Model { bias: 0.0, weights: vec![0.0; width] };
    for _ in 0..ROUNDS {
        let mut bias = 0.0;
        let mut slopes: Vec<f64> = model.weights.iter().map(|weight| RIDGE * weight).collect();
        for (values, right) in rows {
            let odds =
                model.bias + values.iter().zip(&model.weights).map(|(value, weight)| value * weight).sum::<f64>();
            let off = (1.0 / (1.0 + (-odds).exp()) - f64::from(u8::from(*right))) * share[usize::from(*right)];
            bias += off;
            slopes.iter_mut().zip(values).for_each(|(slope, value)| *slope += off * value);
        }
        model.bias -= STEP * bias;
        model.weights.iter_mut().zip(&slopes).for_each(|(weight, slope)| *weight -= STEP * slope);
    }
    Some(model)
}
