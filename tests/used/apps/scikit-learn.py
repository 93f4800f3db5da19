import joblib
from sklearn import datasets, ensemble, model_selection

features, labels = datasets.load_iris(return_X_y=True)
forest = ensemble.RandomForestClassifier(20, random_state=0, n_jobs=2)
print(model_selection.cross_val_score(forest, features, labels, n_jobs=2).mean() > 0.9)
joblib.dump(forest.fit(features, labels), "forest.joblib")
print(joblib.load("forest.joblib").predict(features[:1]))
